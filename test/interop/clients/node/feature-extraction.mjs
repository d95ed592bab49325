/**
 * Runs a feature-extraction pipeline of @huggingface/transformers. The argument is JSON: {model, text, folder} for a model
 * in local files, {model, text, host, cache, revision} for one from a mirror. Prints {dims, data}.
 */
import { env, pipeline } from '@huggingface/transformers';

const { model, text, folder, host, cache, revision = 'main' } = JSON.parse(process.argv[1]);
if (folder) {
  env.allowRemoteModels = false;
  env.localModelPath = folder;
} else {
  env.allowLocalModels = false;
  env.remoteHost = host;
  env.cacheDir = cache;
}
const extract = await pipeline('feature-extraction', model, { dtype: 'fp32', revision });
const { dims, data } = await extract(text, { pooling: 'mean', normalize: true });
console.log(JSON.stringify({ dims, data: [...data] }));
