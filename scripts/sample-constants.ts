// Computes the SHA-256 of the sample hub's big files and writes them to src/sample-hub/generate/known-hashes.ts.
// Run it after a change to what those files contain: npx node --conditions=modelswarm-source scripts/sample-constants.ts
import { writeFile } from 'node:fs/promises';
import { contentSha256 } from '../src/sample-hub/content.ts';
import { bigFiles } from '../src/sample-hub/generate/big-files.ts';

const target = new URL('../src/sample-hub/generate/known-hashes.ts', import.meta.url);
const lines = [...bigFiles({})].map(([path, content]) => {
  console.log(`hashing ${path} (${content.size} bytes)`);
  return `  '${path}': '${contentSha256(content)}',\n`;
});
const text = `/** Written by scripts/sample-constants.ts: the SHA-256 of each file of \`bigFiles\`. */
export const KNOWN_SHA256: Readonly<Record<string, string>> = {
${lines.join('')}};
`;
await writeFile(target, text);
