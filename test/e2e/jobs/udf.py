"""A Python UDF that holds memory of its own, beside the executor's heap: so many MiB, while it works."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

held = int(sys.argv[1]) if len(sys.argv) > 1 else 300

spark = SparkSession.builder.getOrCreate()


@f.udf("long")
def double_beside_ballast(number):
    # As a model that a worker loads once: touched, so that it is there and not only promised.
    global ballast
    if "ballast" not in globals():
        ballast = b"\1" * (held << 20)
    return number * 2 * ballast[number]


numbers = spark.range(0, 1000, 1, 4)
total = numbers.select(double_beside_ballast("id").alias("double")).agg(f.sum("double")).first()[0]
print(f"RESULT {total}\n", end="", flush=True)
spark.stop()
