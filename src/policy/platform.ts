import type { Capacity, Platform } from "../kubernetes/platform.ts";

interface PlatformDocument {
  readonly spec: {
    readonly capacityKeys: readonly string[];
    readonly capacities: readonly (Omit<Capacity, "tolerations"> & Partial<Capacity>)[];
  };
}

/** Makes a Platform of a SparkPlatform document that fits its schema. */
export function toPlatform(name: string, document: unknown): Platform {
  const { spec } = document as PlatformDocument;
  return {
    name,
    capacityKeys: spec.capacityKeys,
    capacities: spec.capacities.map((capacity) => ({
      ...capacity,
      tolerations: capacity.tolerations ?? [],
    })),
  };
}
