/** What Kubernetes takes for keys and values of labels (apimachinery pkg/util/validation IsQualifiedName, IsValidLabelValue). */
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_PREFIX = 253;

/** The name of an object (DNS-1123 subdomain), as a regular expression. */
export const NAME_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/** Whether a text can be the key of a label or an annotation: `team`, `acme.com/team`. */
export function isMetadataKey(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash < 0) return NAME.test(text);
  const prefix = text.slice(0, slash);
  return prefix.length <= LONGEST_PREFIX && PREFIX.test(prefix) && NAME.test(text.slice(slash + 1));
}

/** Whether a text can be the value of a label: at most 63 characters, or empty. */
export function isLabelValue(text: string): boolean {
  return text === "" || NAME.test(text);
}
