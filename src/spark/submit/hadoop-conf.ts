import type { EnvVar, Volume, VolumeMount } from "../../kubernetes/pod.ts";

/** The user's ConfigMap of Hadoop's files, and under which key the driver tells its executors of it. */
export const HADOOP_MAP_KEY = "spark.kubernetes.hadoop.configMapName";
export const EXECUTOR_HADOOP_MAP_KEY = "spark.kubernetes.executor.hadoopConfigMapName";

const FOLDER = "/opt/hadoop/conf";

/** A volume, its mount, and a variable that tells of it. */
export interface HadoopConf {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
  readonly variables: readonly EnvVar[];
}

/** HadoopConfDriverFeatureStep and HadoopConfExecutorFeatureStep. A HADOOP_CONF_DIR of the submitter's is not known here. */
export function hadoopConf(mapName: string | undefined): HadoopConf {
  if (mapName === undefined) return { volumes: [], mounts: [], variables: [] };
  const name = "hadoop-properties";
  return {
    volumes: [{ name, configMap: { name: mapName } }],
    mounts: [{ name, mountPath: FOLDER }],
    variables: [{ name: "HADOOP_CONF_DIR", value: FOLDER }],
  };
}
