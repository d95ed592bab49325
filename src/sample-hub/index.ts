/**
 * A small Hugging Face Hub on 127.0.0.1 that behaves like the real one: the demo's upstream, and the fixture of tests.
 *
 *     await using hub = await createSampleHub({
 *       repos: [{ name: 'org/model', files: { 'config.json': '{}', 'model.bin': new Uint8Array(5_000_000) } }],
 *       accounts: [{ token: 'hf_reader', user: 'reader', grants: ['org/gated'] }],
 *     });
 *     hub.url; hub.cdnUrl;                                   // the hub, and the origin of its signed URLs
 *     hub.push('org/model', { files: { 'a.txt': 'new' } });  // a new commit moves `main`
 *     hub.updateRepo('org/model', { gated: 'manual' });
 *     hub.setFault({ repo: 'org/model', path: 'model.bin' }, { truncateAt: 1_000_000 }, 1);  // once
 *     hub.setFault('*', { delay: 20, bytesPerSecond: 250_000_000 });                         // until clearFaults()
 *     hub.bytesSent('org/model', 'model.bin'); hub.requests; hub.resetCounters();
 *
 * Files with binary extensions and files over 10 MB are LFS (and Xet), as on the Hub; `{content, lfs}` decides otherwise.
 */

export type { SampleAccount } from './accounts.ts';
export type { Content } from './content.ts';
export type { Fault, FaultMatch } from './fault.ts';
export { bigFiles } from './generate/big-files.ts';
export { demoRepos } from './generate/demo-repos.ts';
export { patternContent } from './generate/pattern-content.ts';
export type { RateLimits } from './rate-limit.ts';
export type { FileSource, RepoFile } from './repo-file.ts';
export type { LoggedRequest } from './request-log.ts';
export { createSampleHub, type SampleHub, type SampleHubOptions } from './sample-hub.ts';
export type { Push, RepoAccess, RepoCard, SampleRepo } from './sample-repo.ts';
