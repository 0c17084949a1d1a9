/** A command line of spark-submit behind its master, which is the test cluster's. */
export interface CommandLineCase {
  readonly name: string;
  /** With {@link FOLDER} in place of where the suite writes files. */
  readonly args: readonly string[];
  /** The content of its --properties-file, which the suite writes and adds in front. */
  readonly properties?: string;
  /** Files that the suite writes. */
  readonly files?: Readonly<Record<string, string>>;
}

export const FOLDER = "{folder}";

const IMAGE = "spark.kubernetes.container.image=registry.example.com:5000/spark-py:3.5.9-r1";
const PYTHON = "local:///opt/app/etl.py";
const JAR = "local:///opt/app/etl.jar";

const conf = (...pairs: readonly string[]) => pairs.flatMap((pair) => ["--conf", pair]);

/** In cluster mode, in the namespace of the suite, with an image. */
const base = ["--deploy-mode", "cluster", ...conf(IMAGE, "spark.kubernetes.namespace=spark")];

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

/** What people really pass, and the edges of it. */
export const COMMAND_LINES: readonly CommandLineCase[] = [
  { name: "python, nothing else", args: [...base, PYTHON] },
  {
    name: "python with arguments, one of which looks like an option",
    args: [...base, "--name", "Nightly ETL (v2.1)", PYTHON, "--date", "2026-01-01", "--conf", "a"],
  },
  { name: "jvm", args: [...base, "--class", "com.example.Etl", JAR, "x y"] },
  {
    name: "jvm with jars, files and a jar of its own in them",
    args: [
      ...[...base, "--class", "com.example.Etl", "--jars", `local:///opt/a.jar,${JAR}`],
      ...["--files", "local:///opt/a.txt,local:///opt/b.txt", JAR],
    ],
  },
  { name: "jvm inside Spark", args: [...base, "--class", "org.apache.spark.Pi", "spark-internal"] },
  { name: "R", args: [...base, "local:///opt/app/model.R", "1"] },
  {
    name: "python with --py-files and archives",
    args: [
      ...[...base, "--py-files", "local:///opt/a.zip,local:///opt/b.egg"],
      ...["--archives", "local:///opt/env.tgz#env", PYTHON],
    ],
  },
  {
    name: "sizes by options",
    args: [
      ...[...base, "--driver-memory", "4g", "--driver-cores", "2", "--executor-memory=6G"],
      ...["--executor-cores=3", "--num-executors", "7", "--total-executor-cores", "21", PYTHON],
    ],
  },
  {
    name: "options win over conf, conf over the properties file",
    properties:
      "spark.driver.memory 3g\nspark.executor.memory=3g\nspark.app.name from a file\nspark.task.cpus: 2\nother.key=1\n",
    args: [
      ...[...base, "--executor-memory", "2g", "--conf=spark.executor.memory=5g"],
      ...["-c", "spark.task.cpus=1", "--conf", "not.sparks=1", PYTHON],
    ],
  },
  {
    name: "memory overhead of the driver as a number",
    args: [...base, ...conf("spark.driver.memory=1500m", "spark.driver.memoryOverhead=1g"), PYTHON],
  },
  {
    name: "memory overhead factor of the driver",
    args: [
      ...[...base, "--class", "a.B"],
      ...conf("spark.driver.memory=8g", "spark.driver.memoryOverheadFactor=0.25"),
      JAR,
    ],
  },
  {
    name: "memory overhead factor of both by the old key",
    args: [
      ...[...base, "--driver-memory", "10g"],
      ...conf("spark.kubernetes.memoryOverheadFactor=0.30"),
      PYTHON,
    ],
  },
  {
    name: "memory of a whole factor, off-heap and pyspark",
    args: [
      ...base,
      ...conf("spark.driver.memory=2048", "spark.kubernetes.memoryOverheadFactor=1"),
      ...conf("spark.memory.offHeap.enabled=true", "spark.memory.offHeap.size=2g"),
      ...conf("spark.executor.pyspark.memory=1g"),
      PYTHON,
    ],
  },
  {
    name: "cores: request, limit",
    args: [
      ...[...base, "--driver-cores", "4"],
      ...conf(
        "spark.kubernetes.driver.request.cores=1500m",
        "spark.kubernetes.driver.limit.cores=2",
      ),
      PYTHON,
    ],
  },
  {
    name: "a GPU",
    args: [
      ...base,
      ...conf("spark.driver.resource.gpu.amount=1", "spark.driver.resource.gpu.vendor=nvidia.com"),
      PYTHON,
    ],
  },
  {
    name: "node selectors, the role's own wins",
    args: [
      ...base,
      ...conf(
        "spark.kubernetes.node.selector.karpenter.sh/capacity-type=spot",
        "spark.kubernetes.node.selector.disk=ssd",
        "spark.kubernetes.driver.node.selector.karpenter.sh/capacity-type=on-demand",
        "spark.kubernetes.executor.node.selector.disk=nvme",
      ),
      PYTHON,
    ],
  },
  {
    name: "labels and annotations with ids in them",
    args: [
      ...base,
      ...conf(
        "spark.kubernetes.driver.label.team=risk",
        "spark.kubernetes.driver.label.example.com/tier=batch",
        "spark.kubernetes.driver.annotation.example.com/app={{APP_ID}}",
        "spark.kubernetes.driver.annotation.example.com/exec=x{{EXECUTOR_ID}}",
        "spark.kubernetes.executor.label.team=risk",
      ),
      PYTHON,
    ],
  },
  {
    name: "variables, one of Spark's own among them",
    args: [
      ...base,
      ...conf(
        "spark.kubernetes.driverEnv.DB_PASSWORD=hunter2",
        "spark.kubernetes.driverEnv.SPARK_USER=somebody",
        "spark.kubernetes.driverEnv.A=",
        "spark.executorEnv.B=c",
      ),
      PYTHON,
    ],
  },
  {
    name: "secrets as files and as variables",
    args: [
      ...base,
      ...conf(
        "spark.kubernetes.driver.secrets.db=/etc/secrets/db",
        "spark.kubernetes.driver.secrets.tls=/etc/secrets/tls",
        "spark.kubernetes.driver.secretKeyRef.DB_PASSWORD=db:password",
        "spark.kubernetes.executor.secrets.db=/etc/secrets/db",
      ),
      PYTHON,
    ],
  },
  {
    name: "python's interpreter",
    args: [
      ...base,
      ...conf(
        "spark.pyspark.python=/opt/venv/bin/python",
        "spark.kubernetes.pyspark.pythonVersion=3",
      ),
      PYTHON,
    ],
  },
  {
    name: "two interpreters",
    args: [
      ...base,
      ...conf("spark.pyspark.driver.python=/opt/driver/python", "spark.pyspark.python=/opt/py"),
      PYTHON,
    ],
  },
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
    name: "the Pod's name, service account, pull secrets and policy, scheduler",
    args: [
      ...[...base, "--name", "named"],
      ...conf(
        "spark.kubernetes.driver.pod.name=my-driver",
        "spark.kubernetes.authenticate.driver.serviceAccountName=spark",
        "spark.kubernetes.container.image.pullSecrets=one, two",
        "spark.kubernetes.container.image.pullPolicy=Always",
        "spark.kubernetes.scheduler.name=volcano",
        "spark.kubernetes.driver.scheduler.name=yunikorn",
      ),
      PYTHON,
    ],
  },
  {
    name: "an image of each role",
    args: [
      ...base,
      ...conf(
        "spark.kubernetes.driver.container.image=registry.example.com:5000/driver:1",
        "spark.kubernetes.executor.container.image=registry.example.com:5000/executor:1",
      ),
      PYTHON,
    ],
  },
  {
    name: "dynamic allocation and decommissioning",
    args: [
      ...base,
      ...conf(
        "spark.dynamicAllocation.enabled=true",
        "spark.dynamicAllocation.maxExecutors=20",
        "spark.decommission.enabled=true",
      ),
      PYTHON,
    ],
  },
  {
    name: "ports",
    args: [
      ...base,
      ...conf("spark.driver.port=17078", "spark.blockManager.port=17079", "spark.ui.port=4050"),
      PYTHON,
    ],
  },
  {
    name: "ports of the driver's blocks",
    args: [
      ...base,
      ...conf("spark.driver.blockManager.port=18079", "spark.ui.enabled=false"),
      PYTHON,
    ],
  },
  { name: "a proxy user", args: [...base, "--proxy-user", "alice", PYTHON] },
  {
    name: "a name that fits no label",
    args: [...base, "--name", `9 Ünïcode.${"long_".repeat(16)}name-`, PYTHON],
  },
  {
    name: "java options and class path of the driver",
    args: [
      ...[...base, "--class", "a.B", "--driver-java-options", "-Xss4m -Da='b c'"],
      ...["--driver-class-path", "/opt/x/*", "--driver-library-path", "/opt/lib", JAR],
    ],
  },
  {
    name: "a driver that runs alone, with values that a properties file escapes",
    args: [
      ...base,
      ...conf("spark.kubernetes.driver.master=local[2]", "spark.x.y=a=b \\ c:d#!\tü\n", "spark.e="),
      PYTHON,
    ],
  },
  {
    name: "a token of the driver, and Hadoop's files",
    args: [
      ...base,
      ...conf(
        "spark.kubernetes.authenticate.driver.oauthToken=abc",
        "spark.kubernetes.authenticate.driver.serviceAccountName=spark",
        "spark.kubernetes.hadoop.configMapName=hadoop",
        "spark.hadoop.fs.s3a.secret.key=hunter2",
      ),
      PYTHON,
    ],
  },
  {
    name: "references between keys",
    args: [
      ...base,
      ...conf(
        "spark.my.tag=7",
        "spark.kubernetes.driver.container.image=registry.example.com:5000/a:${spark.my.tag}",
        "spark.kubernetes.driver.annotation.x=${spark.my.tag}",
      ),
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
  { name: "an id of its own", args: [...base, ...conf("spark.app.id=my-id"), PYTHON] },
];
