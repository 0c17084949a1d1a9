/**
 * Beginnings of keys whose rest the user chooses, each with where Spark reads it. The release lists of
 * known-keys.json have none of these: a ConfigEntry has a whole key.
 */
export const OPEN_PREFIXES: readonly string[] = [
  // SparkHadoopUtil: to Hadoop's and Hive's configuration, without `spark.` and `spark.hadoop.`.
  ...["spark.hadoop.", "spark.hive."],
  // SparkConf.setExecutorEnv
  "spark.executorEnv.",
  // MetricsConfig.initialize: as if in metrics.properties
  "spark.metrics.conf.",
  // SecurityManager.getSSLOptions: `spark.ssl.<namespace>.`; SSLOptions.parse
  "spark.ssl.",
  // TransportConf.cryptoConf and CryptoStreamUtils.toCryptoConf: to Apache Commons Crypto
  ...["spark.network.crypto.config.", "spark.io.encryption.commons.config."],
  // PluginContainer and ShuffleDataIOUtils: what a plugin hands from the driver to its executors
  ...["spark.plugins.internal.conf.", "spark.shuffle.plugin.__config__."],
  // ResourceUtils: `<resource>.amount`, `.discoveryScript`, `.vendor`
  ...["spark.driver.resource.", "spark.executor.resource."],
  ...["spark.task.resource.", "spark.worker.resource."],
  // LiveListenerBus, AsyncEventQueue: `<queue>.capacity`
  "spark.scheduler.listenerbus.eventqueue.",
  // HadoopDelegationTokenManager.isServiceEnabled: `<service>.enabled`
  ...["spark.security.credentials.", "spark.yarn.security.credentials."],
  "spark.yarn.security.tokens.",
  // Config.KUBERNETES_*_PREFIX of Spark on Kubernetes
  "spark.kubernetes.node.selector.",
  ...["spark.kubernetes.driver.node.selector.", "spark.kubernetes.executor.node.selector."],
  ...["spark.kubernetes.driver.label.", "spark.kubernetes.executor.label."],
  ...["spark.kubernetes.driver.annotation.", "spark.kubernetes.executor.annotation."],
  ...["spark.kubernetes.driver.service.label.", "spark.kubernetes.driver.service.annotation."],
  ...["spark.kubernetes.driver.secrets.", "spark.kubernetes.executor.secrets."],
  ...["spark.kubernetes.driver.secretKeyRef.", "spark.kubernetes.executor.secretKeyRef."],
  "spark.kubernetes.driverEnv.",
  // KubernetesVolumeUtils.parseVolumesWithPrefix: `<type>.<name>.mount.path`, `.options.*` and so on
  ...["spark.kubernetes.driver.volumes.", "spark.kubernetes.executor.volumes."],
  // Catalogs.load: a catalog's class, and its options
  "spark.sql.catalog.",
  // DataSourceV2Utils.extractSessionConfigs: `<source>.<option>`
  "spark.datasource.",
  // RocksDBConf, which makes its keys of options' names
  "spark.sql.streaming.stateStore.rocksdb.",
  // KafkaConfigUpdater, KafkaTokenSparkConf and others: connectors, which PySpark's jars lack
  ...["spark.kafka.", "spark.streaming.kafka.", "spark.sql.streaming.kafka."],
  // yarn's config package object, ResourceRequestHelper and Client.setupLaunchEnv
  ...["spark.yarn.appMasterEnv.", "spark.yarn.am.resource."],
  ...["spark.yarn.driver.resource.", "spark.yarn.executor.resource."],
  // mesos's config package object, until 3.5
  ...["spark.mesos.driverEnv.", "spark.mesos.dispatcher.driverDefault."],
  "spark.mesos.dispatcher.queue.",
  // internal.config.Tests
  ...["spark.test.", "spark.testing."],
];

/** What plugins, connectors and vendors read. Spark itself knows none of these, nor minds them. */
export const FOREIGN_PREFIXES: readonly string[] = [
  // Shuffle services: Apache Celeborn, Apache Uniffle, the S3 shuffle plugin
  ...["spark.celeborn.", "spark.rss.", "spark.uniffle.", "spark.shuffle.s3."],
  // Engines: Apache Gluten, NVIDIA's RAPIDS Accelerator, Apache DataFusion Comet, Apache Auron, once Blaze
  ...["spark.gluten.", "spark.rapids.", "spark.comet.", "spark.auron.", "spark.blaze."],
  // Table formats: Delta Lake, Apache Iceberg, Apache Hudi, Apache Paimon
  ...["spark.databricks.", "spark.delta.", "spark.sql.iceberg.", "spark.iceberg.", "spark.wap."],
  ...["spark.hoodie.", "spark.paimon."],
  // Lineage and measuring: OpenLineage, DataHub, Spline, DataFlint, sparkMeasure
  ...["spark.openlineage.", "spark.datahub.", "spark.spline.", "spark.dataflint."],
  "spark.sparkmeasure.",
  // Gateways: Apache Kyuubi and its extension, Apache Livy
  ...["spark.kyuubi.", "spark.sql.kyuubi.", "spark.sql.watchdog.", "spark.__livy__."],
  // Databases: MongoDB, Cassandra, Elasticsearch, OpenSearch, Redis, ClickHouse, Snowflake, Couchbase, Cosmos DB, TiDB
  ...["spark.mongodb.", "spark.cassandra.", "spark.es.", "spark.opensearch.", "spark.redis."],
  ...[
    "spark.clickhouse.",
    "spark.snowflake.",
    "spark.couchbase.",
    "spark.cosmos.",
    "spark.tispark.",
  ],
  // Apache Sedona; Amazon EMR Serverless; Google Dataproc
  ...["spark.sedona.", "spark.emr-serverless.", "spark.dataproc."],
];

const roles = ["driver", "executor"];

/** Keys that Spark makes of parts, so that no release list has them. */
export const COMPOSED_KEYS: readonly string[] = [
  // SparkKubernetesClientFactory.createKubernetesClient, DriverKubernetesCredentialsFeatureStep
  ...["", ".submission", ".driver", ".driver.mounted", ".executor"].flatMap((part) =>
    ["oauthToken", "oauthTokenFile", "clientKeyFile", "clientCertFile", "caCertFile"].map(
      (file) => `spark.kubernetes.authenticate${part}.${file}`,
    ),
  ),
  // SparkTransportConf.fromSparkConf, SharedMessageLoop: by the process, before those of all
  ...roles.flatMap((role) => [
    ...["rpc", "shuffle", "files"].flatMap((module) => [
      `spark.${role}.${module}.io.serverThreads`,
      `spark.${role}.${module}.io.clientThreads`,
    ]),
    `spark.${role}.rpc.netty.dispatcher.numThreads`,
  ]),
  // pyspark/core/context.py, pyspark/shuffle.py: read in Python alone
  ...["spark.python.profile", "spark.python.profile.dump", "spark.python.profile.memory"],
  "spark.python.worker.memory",
  ...["spark.local.connect.reuse", "spark.local.connect.server.port"],
  // internal.config.Tests
  "spark.testing",
];

/** Options of a servlet filter, `spark.<its class>.param.<name>` (ServerInfo.addFilters); `.params` is the old way. */
export const FILTER_OPTION = /^spark\..+\.(?:param\..|params$)/;
