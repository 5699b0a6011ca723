import path from 'node:path';
import {
  isTestFile,
  jsonSchemas,
  mentionsOf,
  mentionsOfWorkspace,
  parseWorkspaceFile,
  type AnalysisInput,
  type FileMentions,
  type Finding,
  type Mention,
  type SourceFile,
} from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { LanguageHost, WorkspaceSources } from './ports.js';
import { SchemaWalk, type Schema } from './schema-walk.js';

/** Maximum bytes of a file that the server reads: larger ones would make the editor wait. */
export const MAX_FILE_BYTES = 1024 ** 2;
export const SETTINGS_FILE = 'sluice.yaml';

/** Stands in place of a file that is too large: the lint then knows that the file may contain further flows. */
const UNREADABLE = Buffer.from('[');

/** The findings of one lint. */
export interface Lint {
  readonly findings: readonly Finding[];
  /** The versions of the open documents that were linted, by file. */
  readonly versions: ReadonlyMap<string, number>;
  /** The open and other files that were too large to read. */
  readonly tooLarge: readonly string[];
}

export interface WorkspaceOptions {
  readonly directory: string;
  readonly host: LanguageHost;
  /** Time without a change after which the files are linted, in milliseconds. */
  readonly debounceMs: number;
  /** Called with the result of each lint whose files have not changed meanwhile. */
  readonly onLint: (lint: Lint) => void;
  readonly onError: (message: string) => void;
}

/** One workspace: its files as the editor has them, and the result of the last lint. */
export class LanguageWorkspace {
  readonly directory: string;
  private disk: WorkspaceSources | undefined;
  private readonly documents = new Map<string, TextDocument>();
  /** The file objects of the last use, so that an unchanged file is the same object: the language caches by it. */
  private readonly known = new Map<string, SourceFile>();
  private readonly names = new WeakMap<SourceFile, FileMentions>();
  private plugins: ReadonlyMap<string, AnyPlugin> = new Map();
  private walks: Readonly<Record<'flow' | 'workspace' | 'tests', SchemaWalk>> | undefined;
  private input: { readonly settings: SourceFile; readonly value: AnalysisInput } | undefined;
  /** Counts the changes: the result of a lint is published only when no change came after its begin. */
  private generation = 0;
  private timer: NodeJS.Timeout | undefined;
  private linting = false;
  private closed = false;
  private last: Lint | undefined;
  private loading: Promise<void> | undefined;

  constructor(private readonly options: WorkspaceOptions) {
    this.directory = options.directory;
  }

  /** Resolves once the files were read and the plugins loaded for the first time. */
  ready(): Promise<void> {
    return (this.loading ??= this.reload().then(() => this.lint()));
  }

  /** Reads the files of the folder again, and lints them. */
  async reload(): Promise<void> {
    try {
      this.disk = await this.options.host.readFiles(this.directory);
    } catch (error) {
      this.options.onError(`${this.directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.changed();
  }

  open(file: string, document: TextDocument): void {
    this.documents.set(file, document);
    this.changed();
  }

  close(file: string): void {
    this.documents.delete(file);
    this.changed();
  }

  /** Stops the lint. */
  dispose(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  get lastLint(): Lint | undefined {
    return this.last;
  }

  get hasDocuments(): boolean {
    return this.documents.size > 0;
  }

  /** The open document of a file. */
  documentOf(file: string): TextDocument | undefined {
    return this.documents.get(file);
  }

  /** The files with the texts of the open documents. */
  sources(): WorkspaceSources {
    const open = [...this.documents.keys()].filter((file) => file !== SETTINGS_FILE);
    const onDisk = new Map((this.disk?.flows ?? []).map((file) => [file.file, file]));
    const names = [...new Set([...onDisk.keys(), ...open])].toSorted();
    const settings = this.sourceOf(SETTINGS_FILE, this.disk?.settings);
    return { settings, flows: names.map((name) => this.sourceOf(name, onDisk.get(name))) };
  }

  /** The source of one file with the text of the open document; undefined when the workspace has no such file. */
  source(file: string): SourceFile | undefined {
    const { settings, flows } = this.sources();
    return file === SETTINGS_FILE ? settings : flows.find((flow) => flow.file === file);
  }

  /** The settings and plugins that the analysis of a file needs: those of the last sluice.yaml that could be read. */
  analysisInput(): AnalysisInput | undefined {
    const { settings } = this.sources();
    if (this.input?.settings !== settings) {
      const { file } = parseWorkspaceFile(settings);
      if (file) this.input = { settings, value: { workspace: file, plugins: this.plugins, env: this.options.host.env } };
    }
    return this.input && { ...this.input.value, plugins: this.plugins };
  }

  /** The schema of a file: of sluice.yaml, of flows or of tests. */
  schemaOf(file: string): SchemaWalk {
    if (!this.walks) {
      const { flow, workspace, tests } = jsonSchemas(this.plugins);
      const walk = (schema: object) => new SchemaWalk(schema as Schema);
      this.walks = { flow: walk(flow), workspace: walk(workspace), tests: walk(tests) };
    }
    return this.walks[file === SETTINGS_FILE ? 'workspace' : isTestFile({ file }) ? 'tests' : 'flow'];
  }

  /** The names in all flow files. */
  flowFiles(): readonly FileMentions[] {
    return this.sources().flows.map((file) => {
      const known = this.names.get(file) ?? mentionsOf(file);
      this.names.set(file, known);
      return known;
    });
  }

  /** All places that name something, in sluice.yaml and in the flows. */
  mentions(): readonly Mention[] {
    const input = this.analysisInput();
    const ofSettings = input ? mentionsOfWorkspace(input.workspace) : [];
    return [...ofSettings, ...this.flowFiles().flatMap(({ mentions }) => mentions)];
  }

  /** Returns the path of a file below the workspace, with forward slashes; undefined for a file that does not belong to it. */
  fileAt(fullPath: string): string | undefined {
    const file = path.relative(this.directory, fullPath).split(path.sep).join('/');
    return file === SETTINGS_FILE || /^flows\/.+\.ya?ml$/.test(file) ? file : undefined;
  }

  /** Returns whether a file has more than {@link MAX_FILE_BYTES}, so that it is not read. */
  isTooLarge(file: string): boolean {
    return this.source(file)?.bytes === UNREADABLE;
  }

  /** Notes a change of a document or of the disk. */
  changed(): void {
    this.generation += 1;
    this.schedule();
  }

  private async lint(): Promise<void> {
    clearTimeout(this.timer);
    // one lint at a time: the one that runs begins the next one when files have changed
    if (this.linting || this.closed || !this.disk) return;
    this.linting = true;
    const { generation } = this;
    try {
      const versions = new Map([...this.documents].map(([file, { version }]) => [file, version]));
      const sources = this.sources();
      const all = [sources.settings, ...sources.flows];
      const tooLarge = all.filter(({ bytes }) => bytes === UNREADABLE).map(({ file }) => file);
      const { findings, plugins } = await this.options.host.check(this.directory, sources);
      this.usePlugins(plugins);
      if (generation !== this.generation || this.closed) return;
      this.last = { findings: findings.filter(({ file }) => !tooLarge.includes(file)), versions, tooLarge };
      this.options.onLint(this.last);
    } catch (error) {
      this.options.onError(`the lint failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.linting = false;
      if (generation !== this.generation) this.schedule();
    }
  }

  private schedule(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.lint(), this.options.debounceMs);
  }

  private usePlugins(plugins: ReadonlyMap<string, AnyPlugin>): void {
    const isSame =
      plugins.size === this.plugins.size && [...plugins].every(([name, plugin]) => this.plugins.get(name) === plugin);
    if (isSame) return;
    this.plugins = plugins;
    this.walks = undefined;
  }

  private sourceOf(file: string, onDisk: SourceFile | undefined): SourceFile {
    const document = this.documents.get(file);
    const text = document && Buffer.from(document.getText());
    const bytes = text ?? onDisk?.bytes ?? Buffer.alloc(0);
    const before = this.known.get(file);
    const kept = bytes.byteLength > MAX_FILE_BYTES ? UNREADABLE : bytes;
    if (before && (before.bytes === kept || Buffer.compare(before.bytes, kept) === 0)) return before;
    const source: SourceFile = { file, bytes: kept };
    this.known.set(file, source);
    return source;
  }
}
