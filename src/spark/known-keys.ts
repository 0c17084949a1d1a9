export function unknownKey(key: string): { readonly nearest: string | undefined } | undefined {
  return key === "" ? { nearest: undefined } : undefined;
}
