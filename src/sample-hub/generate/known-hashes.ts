/** Written by scripts/sample-constants.ts: the SHA-256 of each file of `bigFiles`. */
export const KNOWN_SHA256: Readonly<Record<string, string>> = {
  '64m.bin': '941572b76351970636aead7ffa3563151247792eea8da9875e1d2abdb5ce7285',
  '1g.bin': '59aa1cf7a4880c135f9c8422ab2fee2970974b45c9b8e7cb16b1d7703880cdc5',
  '20g.bin': '41175ff808c044074f76dc7d20ad4e78e9c0fa695a2242f8582e6a683063d45b',
  'model.safetensors': '7e1bb5cb23f89bd6d5151b911b6026661508bf4d00906b2ddfdc0b42e974d18e',
};
