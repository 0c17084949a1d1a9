"""Shuffle-heavy: repartitions and joins, and adds up. What it prints is the same however often a stage runs again."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

rows = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
parts = int(sys.argv[2]) if len(sys.argv) > 2 else 16

spark = SparkSession.builder.getOrCreate()
# Parts stay as many as they are asked for, so that each run has the same stages.
spark.conf.set("spark.sql.adaptive.enabled", "false")
spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
spark.conf.set("spark.sql.shuffle.partitions", str(parts))

orders = (
    spark.range(0, rows, 1, parts)
    .select(
        (f.col("id") % (rows // 4)).alias("customer"),
        f.sha2(f.col("id").cast("string"), 256).alias("item"),
        (f.col("id") % 97).alias("amount"),
    )
    .repartition(parts, "item")
)
customers = spark.range(0, rows // 4, 1, parts).select(
    f.col("id").alias("customer"), f.sha2(f.col("id").cast("string"), 224).alias("name")
)
per_letter = (
    orders.join(customers, "customer")
    .groupBy(f.substring("name", 1, 1).alias("letter"))
    .agg(f.sum("amount").alias("amount"), f.countDistinct("item").alias("items"))
)
rows_found = sorted((row.letter, row.amount, row.items) for row in per_letter.collect())
print(f"RESULT {rows_found}\n", end="", flush=True)
spark.stop()
