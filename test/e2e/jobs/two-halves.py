"""Adds up in two halves; before the second one it waits until it is told to go on."""

import os
import time

from pyspark.sql import SparkSession

context = SparkSession.builder.getOrCreate().sparkContext
first = context.parallelize(range(0, 500), 2).sum()
print(f"FIRST HALF {first}\n", end="", flush=True)
while not os.path.exists("/opt/app/go-on"):
    time.sleep(0.2)
second = context.parallelize(range(500, 1000), 2).sum()
print(f"RESULT {first + second}\n", end="", flush=True)
