import { base, conf, JAR, PYTHON, type CommandLineCase } from "./command-line-case.ts";

/** Everything else that a conf says of Pods. */
export const SETTINGS: readonly CommandLineCase[] = [
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
  { name: "an id of its own", args: [...base, ...conf("spark.app.id=my-id"), PYTHON] },
];
