/** The real programs that tests talk to: which there are, how to see whether one is installed, and how to install it. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDebianPackages } from './debian-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = join(root, '.venv');
const python = join(venv, 'bin', 'python');
const peerFolder = join(root, 'test', 'peers');

/** Debian package -> the command that it brings. */
const debian = {
  'nginx-light': 'nginx',
  caddy: 'caddy',
  wrk: 'wrk',
  aria2: 'aria2c',
  chromium: 'chromium',
  curl: 'curl',
  'git-lfs': 'git-lfs',
  iproute2: 'ip',
  wget: 'wget',
  mktorrent: 'mktorrent',
  'transmission-cli': 'transmission-create',
  'qbittorrent-nox': 'qbittorrent-nox',
  opentracker: 'opentracker',
};
/** Debian packages that bring no command of their own, with a folder of theirs. */
const debianFolders = { 'python3-libtorrent': '/usr/lib/python3/dist-packages/libtorrent.egg-info' };
const pythonPackages = { huggingface_hub: '2.0.0', hf_xet: '1.6.0' };

/**
 * @typedef {object} Peer
 * @property {string} name  as it is shown
 * @property {boolean} present
 */

/**
 * Groups of peers, each with how it is installed. `install` returns undefined, or one line that says why it failed.
 * @returns {{title: string, peers: Peer[], install: () => string | undefined}[]}
 */
export function listPeers() {
  return [
    {
      title: 'Debian packages (apt-get, as root)',
      peers: debianPeers(),
      install: () =>
        installDebianPackages(
          debianPeers()
            .filter(({ present }) => !present)
            .map(({ name }) => name),
        ),
    },
    {
      title: 'Python packages (in .venv)',
      peers: Object.entries(pythonPackages).map(([name, version]) => ({
        name: `${name}==${version}`,
        present: installedPython(name) === version,
      })),
      install: installPython,
    },
    {
      title: 'npm packages (in test/peers/*/node_modules)',
      peers: npmPeers().map((name) => ({ name: `test/peers/${name}`, present: isInstalled(name) })),
      install: () =>
        npmPeers()
          .filter((name) => !isInstalled(name))
          .map(installNpm)
          .filter(Boolean)
          .join('; ') || undefined,
    },
  ];
}

function debianPeers() {
  const commands = Object.entries(debian).map(([name, command]) => ({ name, present: onPath(command) }));
  const others = Object.entries(debianFolders).map(([name, folder]) => ({ name, present: existsSync(folder) }));
  return [...commands, ...others];
}

function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function installedPython(name) {
  if (!existsSync(python)) return undefined;
  const script = `import importlib.metadata as m; print(m.version(${JSON.stringify(name)}))`;
  return spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout?.trim();
}

function installPython() {
  if (!onPath('python3')) return 'python3 is not installed';
  const makeVenv = () =>
    spawnSync('python3', ['-m', 'venv', venv], { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
  if (!existsSync(join(venv, 'bin', 'pip')) && !makeVenv()) {
    // Debian keeps ensurepip, which venv needs, in a package of its own.
    const failed = installDebianPackages(['python3-venv']);
    if (failed) return failed;
    if (!makeVenv()) return '`python3 -m venv .venv` failed';
  }
  const wanted = Object.entries(pythonPackages).map(([name, version]) => `${name}==${version}`);
  const { status } = spawnSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // Without it an offline machine waits through five tries per package.
    env: { ...process.env, PIP_RETRIES: '0' },
  });
  return status === 0 ? undefined : `\`pip install ${wanted.join(' ')}\` failed`;
}

function npmPeers() {
  if (!existsSync(peerFolder)) return [];
  return readdirSync(peerFolder)
    .filter((name) => existsSync(join(peerFolder, name, 'package-lock.json')))
    .sort();
}

/** Installed, and what is installed is what the lockfile says now. */
function isInstalled(name) {
  const hidden = join(peerFolder, name, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(peerFolder, name, 'package-lock.json'), 'utf8'));
  const { packages: installed } = JSON.parse(readFileSync(hidden, 'utf8'));
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    return path === '' || (installed[path] ? installed[path].version === version : optional === true);
  });
}

function installNpm(name) {
  // The settings that npm hands to scripts (its prefix above all) belong to the root project.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--fetch-retries=0'], {
    cwd: join(peerFolder, name),
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  return status === 0 ? undefined : `\`npm ci\` failed in test/peers/${name}`;
}
