import { base, conf, FOLDER, PYTHON, type CommandLineCase } from "./command-line-case.ts";

const volume = (role: string, type: string, name: string, options: Record<string, string>) =>
  conf(
    ...Object.entries(options).map(
      ([key, value]) => `spark.kubernetes.${role}.volumes.${type}.${name}.${key}=${value}`,
    ),
  );

/** What a template brings, beside what Spark overwrites in it. */
function template(role: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      labels: { team: "data", tier: role },
      annotations: { "example.com/template": role },
    },
    spec: {
      restartPolicy: "Always",
      nodeSelector: { disk: "ssd" },
      containers: [
        { name: "log-shipper", image: "registry.example.com:5000/log-shipper:1" },
        {
          ...{ name: "main", image: "registry.example.com:5000/other:1", args: ["first"] },
          env: [{ name: "TZ", value: "UTC" }],
          ports: [{ name: "metrics", containerPort: 9090, protocol: "TCP" }],
          resources: { requests: { cpu: "8", "ephemeral-storage": "1Gi" }, limits: { cpu: "9" } },
          volumeMounts: [{ name: "spark-local-dir-9", mountPath: "/disk" }],
        },
      ],
      volumes: [{ name: "spark-local-dir-9", emptyDir: {} }],
      tolerations: [{ key: "spark", operator: "Exists", effect: "NoSchedule" }],
      terminationGracePeriodSeconds: 60,
    },
  };
}

/** Volumes, local dirs, pod templates, files of the submitter's. */
export const VOLUMES_AND_FILES: readonly CommandLineCase[] = [
  {
    name: "volumes of every kind",
    args: [
      ...base,
      ...volume("driver", "hostPath", "host", { "mount.path": "/host", "options.path": "/mnt" }),
      ...volume("driver", "emptyDir", "scratch", {
        ...{ "mount.path": "/scratch", "options.medium": "Memory", "options.sizeLimit": "1Gi" },
      }),
      ...volume("driver", "emptyDir", "plain", { "mount.path": "/plain" }),
      ...volume("driver", "persistentVolumeClaim", "data", {
        ...{ "mount.path": "/data", "mount.readOnly": "true", "mount.subPath": "a/b" },
        "options.claimName": "shared",
      }),
      ...volume("driver", "nfs", "home", {
        ...{ "mount.path": "/home", "options.server": "nfs.example.com", "options.path": "/home" },
      }),
      ...volume("executor", "hostPath", "host", { "mount.path": "/host", "options.path": "/mnt" }),
      PYTHON,
    ],
  },
  {
    name: "a claim on demand",
    args: [
      ...base,
      ...volume("driver", "persistentVolumeClaim", "data", {
        ...{ "mount.path": "/data", "options.claimName": "OnDemand" },
        ...{ "options.storageClass": "fast", "options.sizeLimit": "10Gi" },
      }),
      PYTHON,
    ],
  },
  {
    name: "local dirs by path",
    args: [...base, ...conf("spark.local.dir=/scratch/a,/scratch/b"), PYTHON],
  },
  {
    name: "local dirs in memory",
    args: [...base, ...conf("spark.kubernetes.local.dirs.tmpfs=true"), PYTHON],
  },
  {
    name: "local dirs by volume",
    args: [
      ...base,
      ...volume("driver", "hostPath", "spark-local-dir-1", {
        ...{ "mount.path": "/disks/0", "options.path": "/mnt/disks/0" },
      }),
      PYTHON,
    ],
  },
  {
    name: "pod templates with a side-car and a container of another name",
    files: {
      "driver.json": JSON.stringify(template("driver")),
      "executor.json": JSON.stringify(template("executor")),
    },
    args: [
      ...base,
      ...conf(
        `spark.kubernetes.driver.podTemplateFile=${FOLDER}/driver.json`,
        `spark.kubernetes.executor.podTemplateFile=${FOLDER}/executor.json`,
        "spark.kubernetes.driver.podTemplateContainerName=main",
        "spark.kubernetes.driver.label.team=risk",
        "spark.kubernetes.driver.limit.cores=2",
      ),
      PYTHON,
    ],
  },
  {
    name: "a pod template of which the first container is Spark's",
    files: { "only.json": JSON.stringify({ ...template("driver"), metadata: {} }) },
    args: [...base, ...conf(`spark.kubernetes.driver.podTemplateFile=${FOLDER}/only.json`), PYTHON],
  },
  {
    name: "a file of the submitter's, uploaded, with others",
    files: { "own.py": "", "own.zip": "" },
    args: [
      ...[...base, "--py-files", `local:///opt/a.zip,${FOLDER}/own.zip`],
      ...conf(`spark.kubernetes.file.upload.path=file://${FOLDER}/uploads`),
      `${FOLDER}/own.py`,
    ],
  },
  {
    name: "a jar of the submitter's",
    files: { "own.jar": "" },
    args: [
      ...[...base, "--class", "a.B"],
      ...conf(`spark.kubernetes.file.upload.path=file://${FOLDER}/uploads`),
      `${FOLDER}/own.jar`,
    ],
  },
];
