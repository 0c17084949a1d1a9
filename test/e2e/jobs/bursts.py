"""Bursts of short tasks, and pauses, until it is told that it is enough: with dynamic allocation its executors come and go."""

import os
import time

from pyspark.sql import SparkSession

TASKS = 8


def slowly(number):
    time.sleep(0.5)
    return number


context = SparkSession.builder.getOrCreate().sparkContext
bursts = total = 0
while not os.path.exists("/opt/app/enough"):
    total += context.parallelize(range(TASKS), TASKS).map(slowly).sum()
    bursts += 1
    time.sleep(2)
print(f"RESULT {bursts} {total}\n", end="", flush=True)
