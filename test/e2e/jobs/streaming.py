"""A stream of files that the job feeds itself, one a micro-batch, and sums that it keeps from batch to batch in a checkpoint. RESULT
is the same however often a task runs again. Its folder is one that driver and executors share."""

import json
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

folder = sys.argv[1]
batches = int(sys.argv[2]) if len(sys.argv) > 2 else 10
rows = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
parts = int(sys.argv[4]) if len(sys.argv) > 4 else 4

BYTES_OF_ROW = 32
source = os.path.join(folder, "orders")
os.makedirs(source)


def feed(batch):
    # A name with a dot in front is no file to Spark: it sees this one whole, or not at all.
    hidden = os.path.join(source, f".{batch}.json")
    with open(hidden, "w", encoding="utf-8") as file:
        for number in range(batch * rows, (batch + 1) * rows):
            file.write(json.dumps({"customer": number % 1009, "amount": number % 97}) + "\n")
    os.rename(hidden, os.path.join(source, f"{batch}.json"))


spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", str(parts))
# A file is read by about as many tasks, so that each executor has a share in each batch.
spark.conf.set("spark.sql.files.maxPartitionBytes", str(rows * BYTES_OF_ROW // parts))
orders = spark.readStream.schema("customer long, amount long").json(source)
totals = orders.groupBy("customer").agg(f.count("*").alias("orders"), f.sum("amount").alias("amount"))
query = (
    totals.writeStream.outputMode("complete")
    .format("memory")
    .queryName("totals")
    .option("checkpointLocation", os.path.join(folder, "checkpoint"))
    .start()
)
for batch in range(batches):
    feed(batch)
    query.processAllAvailable()
    print(f"BATCH {batch}\n", end="", flush=True)
query.stop()
sums = spark.table("totals").agg(
    f.count("*"), f.sum("orders"), f.sum("amount"), f.sum(f.hash("customer", "orders", "amount"))
)
print(f"RESULT {tuple(sums.first())}\n", end="", flush=True)
spark.stop()
