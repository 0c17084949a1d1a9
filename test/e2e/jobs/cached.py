"""Computes an RDD once, keeps it on its executors, and reads it several times. RESULT is the same however often a part is computed
again; COMPUTED says how many parts were, all told."""

import hashlib
import sys

from pyspark import StorageLevel
from pyspark.sql import SparkSession

rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
parts = int(sys.argv[2]) if len(sys.argv) > 2 else 16
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5

spark = SparkSession.builder.getOrCreate()
context = spark.sparkContext
computed = context.accumulator(0)


def orders_of(numbers):
    computed.add(1)
    for number in numbers:
        yield number % 97, hashlib.sha256(str(number).encode()).hexdigest()


# Parts that no executor has room for go to its local dir.
orders = context.range(0, rows, 1, parts).mapPartitions(orders_of).persist(StorageLevel.MEMORY_AND_DISK)
print(f"ORDERS {orders.count()}\n", end="", flush=True)
print("CACHED\n", end="", flush=True)


def items_with(letter):
    return orders.filter(lambda order: order[1].startswith(letter))


amounts = [
    (letter, items_with(letter).map(lambda order: order[0]).sum())
    for letter in (f"{number:x}" for number in range(rounds))
]
greatest = orders.map(lambda order: order[1]).max()
print(f"COMPUTED {computed.value}\n", end="", flush=True)
print(f"RESULT {amounts} {greatest}\n", end="", flush=True)
spark.stop()
