// `npm run prose`: checks the English of comments, messages and test titles, and the subjects of the commits since this check was added.
// Prints its counts. A banned word is reported with its place and with the word to use.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Folders that are written in plain English throughout. A folder that is not listed still has older prose: rewrite it, then add it here. */
const FOLDERS = [
  'addin/scripts',
  'addin/src',
  'addin/test',
  'apps/cli',
  'apps/emulator',
  'apps/host',
  'editors',
  ...[
    'admin-contract',
    'embedded',
    'engine',
    'flow',
    'language-server',
    'flow-test',
    'graph',
    'memory',
    'nest',
    'onec',
    'pacer',
    'plugin-api',
    'rabbit',
    'runtime',
    'store',
    'testing',
    'web-client',
    'web-ui',
  ].map((name) => `libs/${name}`),
  ...['asterisk-ami', 'conversations', 'http', 'onec-http', 'onec-soap', 'tcp-gateway', 'timeline'].map(
    (name) => `plugins/${name}`,
  ),
  'scripts',
  'test',
];
/** Constants say MAX_ and MIN_ everywhere. */
const CODE = ['libs', 'plugins', 'apps', 'test', 'scripts'];
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'vendor', 'third_party', 'fixtures', 'recordings']);
/** Clauses that begin with what, whatever, who or whoever, per 1,000 words of comment: the subject of a sentence is a noun. */
const MAX_CLAUSES_PER_1000 = 2;
const MAX_SUBJECT = 72;

/** What may not stand in a comment or a message, and what to write. */
const BANNED = [
  [/\b(?:the|an) ?other side\b/i, 'write "the remote system", or its name'],
  [/\bfor ever\b/i, 'write "forever", or "without end"'],
  [/\bwhat it may\b/i, 'name the thing: "its rights"'],
  [/\bnone is\b/i, 'write "no <noun> is"'],
  [/\bsays? (?:nothing|so)\b/i, 'write what is missing: "has no …"'],
  [/\bby itself\b/i, 'write who does it, or "automatically"'],
  [/\bso many\b/i, 'name the number: "this many", "the given number of"'],
  [/\blent\b|\blends?\b/i, 'write "provides"'],
  [/\bgives?\b(?! up\b| back\b| way\b| in\b)/i, 'write "returns", "provides" or "passes"'],
  [/\bdear\b/i, 'write "expensive"'],
  [/\bto whom\b/i, 'write "the user that …"'],
  [/\bwhoever\b/i, 'name the reader or the program'],
];
const BANNED_NAMES = [[/\b(?:MOST|LONGEST|LARGEST|SHORTEST|LEAST)_[A-Z0-9_]+\b/, 'name it MAX_… or MIN_…']];

const problems = [];
const counts = { words: 0, clauses: 0, returns: 0, gives: 0, files: 0 };

for (const path of FOLDERS.flatMap((folder) => filesBelow(join(ROOT, folder)))) {
  const text = readFileSync(path, 'utf8');
  counts.files += 1;
  for (const { text: piece, at, isComment } of /\.[cm]?[jt]sx?$/.test(path) ? piecesOfScript(path, text) : commentsOfC(text)) {
    if (isComment) count(piece);
    for (const [pattern, cure] of BANNED) {
      const found = pattern.exec(piece);
      if (found !== null) report(path, text, at + found.index, found[0], cure);
    }
  }
}
for (const path of CODE.flatMap((folder) => filesBelow(join(ROOT, folder)))) {
  const text = readFileSync(path, 'utf8');
  for (const [pattern, cure] of BANNED_NAMES) {
    const found = pattern.exec(text);
    if (found !== null) report(path, text, found.index, found[0], cure);
  }
}
checkCommits();

const rate = (1000 * counts.clauses) / Math.max(counts.words, 1);
console.log(
  `${counts.files} files, ${counts.words} words of comment: ${rate.toFixed(2)} clauses with what/who per 1,000 words, ` +
    `"returns" ${counts.returns} times, "gives" ${counts.gives} times`,
);
if (rate > MAX_CLAUSES_PER_1000)
  problems.push(`more than ${MAX_CLAUSES_PER_1000} clauses with what or who per 1,000 words of comment`);
if (counts.gives >= counts.returns) problems.push('comments say "gives" as often as "returns"');
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`${problems.length} to mend`);
  process.exitCode = 1;
}

function count(comment) {
  counts.words += comment.match(/[A-Za-z][A-Za-z'-]*/g)?.length ?? 0;
  counts.clauses += comment.match(/\b(?:what|whatever|who|whoever)\b/gi)?.length ?? 0;
  counts.returns += comment.match(/\breturns\b/gi)?.length ?? 0;
  counts.gives += comment.match(/\bgives\b/gi)?.length ?? 0;
}

function report(path, text, at, found, cure) {
  const line = text.slice(0, at).split('\n').length;
  problems.push(`${relative(ROOT, path)}:${line}: "${found}": ${cure}`);
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (path === fileURLToPath(import.meta.url)) return [];
    if (entry.isDirectory()) return filesBelow(path);
    return /\.(?:[cm]?[jt]sx?|cpp|h|hpp)$/.test(entry.name) ? [path] : [];
  });
}

/** Comments, and the texts of errors, log lines and test titles: string literals with at least two spaces. */
function piecesOfScript(path, text) {
  const pieces = [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const seen = new Set();
  const takeComments = (node) => {
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) takeRange(range);
    for (const range of ts.getTrailingCommentRanges(text, node.getEnd()) ?? []) takeRange(range);
  };
  const takeRange = ({ pos, end }) => {
    if (seen.has(pos)) return;
    seen.add(pos);
    pieces.push({ text: text.slice(pos, end), at: pos, isComment: true });
  };
  const visit = (node) => {
    takeComments(node);
    if (isProse(node)) pieces.push({ text: node.getText(source), at: node.getStart(source), isComment: false });
    ts.forEachChild(node, visit);
  };
  visit(source);
  takeComments(source.endOfFileToken);
  return pieces;
}

function isProse(node) {
  if (!ts.isStringLiteral(node) && !ts.isNoSubstitutionTemplateLiteral(node) && !ts.isTemplateExpression(node)) return false;
  const text = node.getText();
  return !text.includes('\n') && (text.match(/[a-z] [a-z]/g)?.length ?? 0) >= 2;
}

function commentsOfC(text) {
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g)].map((match) => ({
    text: match[0],
    at: match.index,
    isComment: true,
  }));
}

/** The subjects of the commits after the one that added this file. */
function checkCommits() {
  const git = (...args) =>
    execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  let subjects;
  try {
    const added = git('log', '--diff-filter=A', '--format=%H', '--', 'scripts/check-prose.mjs').split('\n').at(-1);
    subjects = added === '' ? '' : git('log', '--no-merges', '--format=%s', `${added}..HEAD`);
  } catch {
    console.log('no history of git here: the subjects of commits are not checked');
    return;
  }
  for (const subject of subjects.split('\n').filter(Boolean)) {
    if (subject.length > MAX_SUBJECT) problems.push(`commit "${subject}": longer than ${MAX_SUBJECT} characters`);
    if (!/^[a-z][\w.-]*(?:, [a-z][\w.-]*)*: \S/.test(subject)) problems.push(`commit "${subject}": write "area: imperative"`);
  }
}
