/** Have both the same bytes? Takes a time that says where they differ: not for secrets. */
export function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && one.length === other?.length && one.every((byte, index) => byte === other[index]);
}
