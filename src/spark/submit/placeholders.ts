/** In place of what spark-submit draws by lot: in the shape of the real ones, so that whatever reads those reads these. */
export const UNIQUE_ID = "0".repeat(16);

/** KubernetesConf.getKubernetesAppId: `spark-` and a UUID without dashes. */
export const APP_ID = `spark-${"0".repeat(32)}`;

export const UUID = "00000000-0000-0000-0000-000000000000";

/** Utils.getCurrentUserName: of whoever submits. */
export const USER = "user";

/** `spark.app.submitTime`, in milliseconds. */
export const SUBMIT_TIME = "0";

/** What Spark calls the resources of an application (KubernetesConf.getResourceNamePrefix). */
export function resourceNamePrefix(appName: string): string {
  return `${appName}-${UNIQUE_ID}`
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")
    .replaceAll(/-+/g, "-")
    .replace(/^-/, "")
    .replace(/^[0-9]/, "x");
}
