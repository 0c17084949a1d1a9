/**
 * What `tsyringe`, which `@peculiar/x509` is built on, wants of the `reflect-metadata` polyfill
 * before it loads: two readers. It asks for the constructor parameters of four algorithm classes,
 * none of which has any, so that "no metadata" is the true answer and no polyfill is needed.
 * Import this before `@peculiar/x509`.
 */
const noMetadata = (): undefined => undefined;

for (const reader of ["getMetadata", "getOwnMetadata"]) {
  if (!Reflect.has(Reflect, reader)) Reflect.set(Reflect, reader, noMetadata);
}
