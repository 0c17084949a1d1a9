import confRefused from "./recorded/conf-refused.json" with { type: "json" };
import conf from "./recorded/conf.json" with { type: "json" };
import driverRefused from "./recorded/driver-refused.json" with { type: "json" };
import driver from "./recorded/driver.json" with { type: "json" };
import executor1 from "./recorded/executor-1.json" with { type: "json" };
import executor2 from "./recorded/executor-2.json" with { type: "json" };
import executor3 from "./recorded/executor-3.json" with { type: "json" };
import executor4 from "./recorded/executor-4.json" with { type: "json" };
import executor5 from "./recorded/executor-5.json" with { type: "json" };
import executor6 from "./recorded/executor-6.json" with { type: "json" };
import executor7 from "./recorded/executor-7.json" with { type: "json" };
import executor8 from "./recorded/executor-8.json" with { type: "json" };
import executor9 from "./recorded/executor-9.json" with { type: "json" };
import executor10 from "./recorded/executor-10.json" with { type: "json" };
import nginx from "./recorded/nginx.json" with { type: "json" };

/** An AdmissionReview as a real API server sent it, for what a real spark-submit or driver posted. */
export interface RecordedReview {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: {
    readonly uid: string;
    readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
    readonly namespace: string;
    readonly dryRun: boolean;
    readonly object: { readonly metadata: { readonly name: string } };
  };
}

/** A driver with an image without a tag and a selector for spot. */
export const DRIVER_REFUSED: RecordedReview = driverRefused;

/** The same job with both mended. */
export const DRIVER: RecordedReview = driver;

/** The ten executors of that job, in the order of their ids. */
export const EXECUTORS: readonly RecordedReview[] = [
  executor1,
  executor2,
  executor3,
  executor4,
  executor5,
  executor6,
  executor7,
  executor8,
  executor9,
  executor10,
];

/** A driver's conf with a secret key and an image that is not pinned, which only executors would run. */
export const CONF_REFUSED: RecordedReview = confRefused;

/** A driver's conf with dynamic allocation that would lose shuffle data. */
export const CONF: RecordedReview = conf;

/** A Pod that is not Spark's. */
export const NGINX: RecordedReview = nginx;
