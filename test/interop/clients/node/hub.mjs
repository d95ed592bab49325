/**
 * Calls functions of @huggingface/hub and prints what they return as JSON. The argument is a JSON list of
 * [name, parameters, file]; a Blob is written to the file.
 */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import {
  datasetInfo,
  downloadFile,
  fileDownloadInfo,
  fileExists,
  listFiles,
  listModels,
  modelInfo,
  snapshotDownload,
} from '@huggingface/hub';

const functions = {
  datasetInfo,
  downloadFile,
  fileDownloadInfo,
  fileExists,
  listFiles,
  listModels,
  modelInfo,
  snapshotDownload,
};

async function plain(value, file) {
  if (value instanceof Blob) {
    await pipeline(value.stream(), createWriteStream(file));
    return { size: value.size };
  }
  return value?.[Symbol.asyncIterator] ? Array.fromAsync(value) : value;
}

const results = [];
for (const [name, parameters, file] of JSON.parse(process.argv[1])) {
  try {
    results.push({ value: await plain(await functions[name](parameters), file) });
  } catch (error) {
    results.push({ status: error.statusCode, message: error.message });
  }
}
console.log(JSON.stringify(results));
