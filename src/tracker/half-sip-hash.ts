/**
 * HalfSipHash-2-4 with 64 bits of key and of hash (the 32-bit member of the SipHash family, by Aumasson and Bernstein): for tags that are made by the ten thousand per second and
 * live for two minutes. `key`: two words. Returns the two words of the hash.
 */
export function halfSipHash(key: Uint32Array, bytes: Uint8Array, length: number): readonly [number, number] {
  const k0 = key[0] as number;
  const k1 = key[1] as number;
  let v0 = k0 | 0;
  let v1 = (k1 ^ 0xee) | 0;
  let v2 = (0x6c796765 ^ k0) | 0;
  let v3 = (0x74656462 ^ k1) | 0;

  const round = (): void => {
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  };
  const take = (word: number): void => {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  };

  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) take(wordAt(bytes, at));
  let last = length << 24;
  for (let at = whole; at < length; at++) last |= (bytes[at] as number) << (8 * (at - whole));
  take(last);
  v2 ^= 0xee;
  for (let turn = 0; turn < 4; turn++) round();
  const low = (v1 ^ v3) >>> 0;
  v1 ^= 0xdd;
  for (let turn = 0; turn < 4; turn++) round();
  return [low, (v1 ^ v3) >>> 0];
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
