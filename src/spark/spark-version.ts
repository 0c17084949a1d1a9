/** Whether a release of Spark, such as `3.5` or `4.1.2`, has what came with another. */
export function isSince(version: string, first: `${number}.${number}`): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [firstMajor = 0, firstMinor = 0] = first.split(".").map(Number);
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}
