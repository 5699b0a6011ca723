// Adds the optional packages of other platforms to package-lock.json, which npm leaves out; without them `npm ci` refuses the file on those
// platforms (https://github.com/npm/cli/issues/4828). Run by `npm run lock` after each change of dependencies.
// `--check` changes nothing and exits with 1 if a package is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openharmony', 'aix', 'sunos', 'netbsd', 'openbsd', 'wasi'];
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'wasm32', 'mips64el'];
const EXACT = /^\d+\.\d+\.\d+[\w.+-]*$/;

/** Returns whether Node would find the package from `where`. */
function present(packages, where, name) {
  for (let at = where; ; at = outer(at)) {
    if (packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}

/** Returns the package whose node_modules contains this one; '' is the root. */
function outer(at) {
  return at.slice(0, Math.max(at.lastIndexOf('node_modules/'), 0)).replace(/\/$/, '');
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const missing = [];
for (const [where, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (present(lock.packages, where, name) || !EXACT.test(range)) continue;
    const words = name
      .split('/')
      .pop()
      .split(/[-.]/)
      .map((word) => (word === 'windows' ? 'win32' : word));
    const os = words.filter((word) => OS.includes(word));
    const cpu = words.filter((word) => CPU.includes(word));
    if (os.length === 0 && cpu.length === 0) continue;
    missing.push(name);
    lock.packages[`node_modules/${name}`] = {
      version: range,
      ...(cpu.length > 0 && { cpu }),
      ...(entry.dev && { dev: true }),
      optional: true,
      ...(os.length > 0 && { os }),
    };
  }
}

if (process.argv.includes('--check')) {
  if (missing.length > 0)
    console.error(`package-lock.json: ${missing.length} packages of other platforms are missing: run "npm run lock"`);
  process.exit(missing.length > 0 ? 1 : 0);
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${missing.length} packages of other platforms added`);
