/** The package as npm would publish it: compiled afresh, packed, and unpacked into a project that installed it. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface PackedPackage {
  /** A project with `node_modules/modelswarm` and everything that modelswarm needs. */
  readonly project: string;
  /** `<project>/node_modules/modelswarm` */
  readonly directory: string;
  /** Paths in the tarball, without `package/`, sorted. */
  readonly files: readonly string[];
  readonly unpackedSize: number;
  remove(): Promise<void>;
}

/** Compiles and packs the checkout into a temporary folder. dist/ of the checkout is neither used nor touched. */
export async function packPackage(): Promise<PackedPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'modelswarm-pack-'));
  const staged = join(folder, 'staged');
  const project = join(folder, 'project');
  const directory = join(project, 'node_modules', 'modelswarm');
  const { files: published, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  for (const name of ['package.json', 'README.md', 'LICENSE', ...published]) {
    if (name !== 'dist') await cp(join(root, name), join(staged, name), { recursive: true });
  }
  run(process.execPath, [join(root, 'scripts', 'build.mjs'), '--out', join(staged, 'dist')], root);
  const [tarball] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`], staged),
  );

  await cp(join(root, 'test', 'package', 'consumer'), project, { recursive: true });
  run('tar', ['-xzf', join(folder, tarball.filename)], folder);
  await cp(join(folder, 'package'), directory, { recursive: true });
  // Only what the package declares (and what a type checker needs): an import of a dev dependency must fail here.
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const link = join(project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', name), link);
  }
  return {
    project,
    directory,
    files: tarball.files.map(({ path }: { path: string }) => path).sort(),
    unpackedSize: tarball.unpackedSize,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stdout + stderr}`);
  return stdout;
}
