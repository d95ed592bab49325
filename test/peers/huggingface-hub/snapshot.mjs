// Downloads a repo with @huggingface/hub, and asks its other functions. Prints one JSON document.
// Arguments: hub URL, repo, cache folder, path of one file.
import {
  downloadFile,
  fileDownloadInfo,
  fileExists,
  listFiles,
  modelInfo,
  pathsInfo,
  snapshotDownload,
} from '@huggingface/hub';

const [hubUrl, repo, cacheDir, path] = process.argv.slice(2);
const files = [];
for await (const { type, path: name, size, lfs } of listFiles({ repo, hubUrl, recursive: true })) {
  files.push({ type, path: name, size, sha256: lfs?.oid });
}
const folder = await snapshotDownload({ repo, hubUrl, cacheDir });
const blob = await downloadFile({ repo, path, hubUrl, xet: false });
const slice = blob?.slice(10, 20);
console.log(
  JSON.stringify({
    files,
    folder,
    info: await fileDownloadInfo({ repo, path, hubUrl }),
    size: blob?.size,
    slice: slice && Buffer.from(await slice.arrayBuffer()).toString('hex'),
    missing: await downloadFile({ repo, path: 'none.json', hubUrl }),
    exists: [await fileExists({ repo, path, hubUrl }), await fileExists({ repo, path: 'none.json', hubUrl })],
    sha: (await modelInfo({ name: repo, hubUrl, additionalFields: ['sha'] })).sha,
    paths: (await pathsInfo({ repo, paths: [path, 'none.json'], expand: true, hubUrl })).map((entry) => entry.path),
  }),
);
