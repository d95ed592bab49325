/** Installs Debian packages without starting the daemons that some of them bring. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const policy = '/usr/sbin/policy-rc.d';
/** Packages that enable a service, which would start at the next boot. */
const services = { 'nginx-light': 'nginx', caddy: 'caddy' };
const mark = '# written by modelswarm for the time of one apt-get install\n';

/** @returns {string | undefined} one line that says why it failed */
export function installDebianPackages(names) {
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) return `no apt-get here; install ${names.join(', ')} by other means`;
  if (process.getuid?.() !== 0) return `not root; run \`sudo ${command}\``;

  // invoke-rc.d asks policy-rc.d before it starts anything: 101 means no. nginx's package would listen on port 80.
  const ours = !existsSync(policy) || readFileSync(policy, 'utf8').includes(mark);
  if (ours) writeFileSync(policy, `#!/bin/sh\n${mark}exit 101\n`, { mode: 0o755 });
  try {
    if (apt(['update', '-q']) !== 0)
      console.error('apt-get update failed; trying with the package lists that are here');
    const install = (wanted) => apt(['install', '-y', '-q', '--no-install-recommends', ...wanted]) === 0;
    // One name that this Debian does not know would keep the others out.
    const failed = install(names) ? [] : names.filter((name) => !install([name]));
    const enabled = names.flatMap((name) => services[name] ?? []);
    if (enabled.length > 0) spawnSync('systemctl', ['disable', '--quiet', ...enabled], { stdio: 'ignore' });
    return failed.length === 0 ? undefined : `apt-get could not install ${failed.join(', ')}`;
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function apt(args) {
  const options = ['-o', 'DPkg::Lock::Timeout=60', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=20'];
  return spawnSync('apt-get', [...options, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // invoke-rc.d also goes by the run level; in level 1 services do not start.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  }).status;
}
