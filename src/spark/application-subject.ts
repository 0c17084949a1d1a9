import { isDeepStrictEqual } from "node:util";
import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord, valueAt } from "../kubernetes/json.ts";
import type { ShapeError } from "../kubernetes/pod-shape.ts";
import { readApache, readCluster } from "./apache-application.ts";
import type { ApplicationKindEntry, ApplicationShape } from "./application-kinds.ts";
import { nameOf, type FacetReading, type ReadApplication } from "./application-reading.ts";
import { CARRIED_KEY, OWN } from "./carried.ts";
import { placeInFields } from "./conf-place.ts";
import { readConnect } from "./connect-application.ts";
import { readKubeflow, readScheduled } from "./kubeflow-application.ts";
import { podMetadata } from "./pod-metadata.ts";
import type { ApplicationSubject, Recognition, Stage } from "./subject.ts";
import { MOST_KEYS, type SparkConf } from "./spark-conf.ts";

const READ: Readonly<Record<ApplicationShape, ReadApplication>> = {
  kubeflow: readKubeflow,
  scheduled: readScheduled,
  connect: readConnect,
  apache: readApache,
  cluster: readCluster,
};

/** What an operator's object says of drivers and executors. Never throws; what cannot be read in it is not there. */
export function recognizeApplication(
  admitted: AdmittedObject,
  { kind, shape }: ApplicationKindEntry,
  stage: Stage,
): Recognition {
  const { object, oldObject, namespace, user } = admitted;
  if (!isRecord(object) || !isRecord(object["spec"])) {
    const path = isRecord(object) ? "spec" : "";
    const errors = [{ path, message: "must be object" }];
    return { kind: "malformed", surface: "application", role: undefined, errors };
  }
  if (stage === "update" && isSameSpec(object["spec"], valueAt(oldObject, "spec"))) {
    return { kind: "skipped", reason: "spec-unchanged" };
  }
  const { conf, confField, isMended, application, facets } = READ[shape](object);
  const fault = faultIn(conf, confField);
  if (fault !== undefined) {
    return { kind: "malformed", surface: "application", role: undefined, errors: [fault] };
  }
  const place = placeInFields(conf, confField);
  const facet = ({ metadata, ...read }: FacetReading): ApplicationSubject => ({
    surface: "application",
    ...read,
    ...{ kind, namespace, application, stage, user, conf, isMended, object },
    name: nameOf(object) ?? prefixOf(object),
    place,
    podMetadata: podMetadata(metadata, place),
  });
  return { kind: "application", facets: [facet(facets[0]), facet(facets[1])] };
}

function faultIn(conf: SparkConf, confField: string): ShapeError | undefined {
  const keys = conf.keys().length;
  if (keys > MOST_KEYS) {
    const message = `makes a conf of ${keys} keys, at most ${MOST_KEYS} are read`;
    return { path: confField, message };
  }
  const carried = conf.where(CARRIED_KEY);
  return carried === undefined
    ? undefined
    : { path: carried, message: `sets ${CARRIED_KEY}, ${OWN}` };
}

/**
 * Whether an UPDATE leaves the spec as it was. Who suspends or resumes changes no job, and may be Kueue: it must go on
 * where a policy has come since.
 */
function isSameSpec(spec: Readonly<Record<string, unknown>>, before: unknown): boolean {
  if (!isRecord(before)) return false;
  return isDeepStrictEqual({ ...spec, suspend: undefined }, { ...before, suspend: undefined });
}

function prefixOf(object: unknown): string {
  const prefix = valueAt(object, "metadata", "generateName");
  return typeof prefix === "string" ? `${prefix}*` : "";
}
