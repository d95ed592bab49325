// Runs a feature-extraction pipeline of @huggingface/transformers. Prints one JSON document.
// Arguments: URL of the hub with a trailing slash, model, cache folder, text...
import { env, pipeline } from '@huggingface/transformers';

const [remoteHost, model, cacheDir, ...texts] = process.argv.slice(2);
env.remoteHost = remoteHost;
env.allowLocalModels = false;
env.cacheDir = cacheDir;
const extract = await pipeline('feature-extraction', model, { dtype: 'fp32' });
const output = await extract(texts, { pooling: 'mean', normalize: true });
console.log(JSON.stringify({ dims: output.dims, rows: output.tolist() }));
await extract.dispose();
