/** Pieces of code compiled against the product's own sources, with the project's settings: for what the compiler has to refuse. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** `at`: the text that is refused. */
export interface CompileError { code: number; at: string }

/** @param snippets each as if it stood in a file of test/ @returns for each its errors */
export function compile(snippets: Record<string, string>): Record<string, CompileError[]> {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT);
  const files = new Map(Object.entries(snippets).map(([name, code]) => [join(ROOT, 'test', `${name}.snippet.ts`), code]));
  const host = ts.createCompilerHost({ ...options, noEmit: true, incremental: false });
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists.call(host, file);
  host.readFile = (file) => files.get(file) ?? readFile.call(host, file);
  host.getSourceFile = (file, ...more) => {
    const code = files.get(file);
    return code === undefined ? getSourceFile.call(host, file, ...more) : ts.createSourceFile(file, code, ts.ScriptTarget.ES2023, true);
  };
  const program = ts.createProgram({ rootNames: [...files.keys()], options: { ...options, noEmit: true, incremental: false, composite: false }, host });
  return Object.fromEntries([...files].map(([file, text], i) => [
    Object.keys(snippets)[i]!,
    [...program.getSyntacticDiagnostics(program.getSourceFile(file)), ...program.getSemanticDiagnostics(program.getSourceFile(file))]
      .map(({ code, start, length }) => ({ code, at: text.slice(start, start! + length!) })),
  ]));
}
