/** Reads the project's own source files, for the guards. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

export const ROOT = join(__dirname, '../..');

/** Paths from the repository's root, with `/`, of all files below the folders; a folder that does not exist has none. */
export function filesIn(folders: string[], ending = '.ts'): string[] {
  return folders
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1)),
    )
    .sort();
}

export const readSource = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export function parseSource(path: string, text = readSource(path)): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
}

/** Calls `visit` with every node of the file. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

export interface Import {
  /** A package's name, `node:…`, or the path from the root without extension ('plugin/host/contract'). */
  to: string;
  /** Gone after compilation. */
  typeOnly: boolean;
}

function resolveImport(from: string, name: string): string {
  if (!name.startsWith('.')) return name;
  const path = posix.join(posix.dirname(from), name).replace(/\/$/, '');
  return existsSync(join(ROOT, path, 'index.ts')) && !existsSync(join(ROOT, `${path}.ts`)) ? `${path}/index` : path;
}

/** All that a file imports or re-exports, by whatever syntax. */
export function importsOf(path: string, text?: string): Import[] {
  const found: Import[] = [];
  const add = (name: ts.Node | undefined, typeOnly: boolean): void => {
    if (name && ts.isStringLiteralLike(name)) found.push({ to: resolveImport(path, name.text), typeOnly });
  };
  walk(parseSource(path, text), (node) => {
    if (ts.isImportDeclaration(node)) {
      const names = node.importClause?.namedBindings;
      const allTypes =
        names !== undefined &&
        ts.isNamedImports(names) &&
        !node.importClause?.name &&
        names.elements.every((element) => element.isTypeOnly);
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword || allTypes);
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
      add(node.moduleReference.expression, node.isTypeOnly);
    else if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(node.expression) && node.expression.text === 'require'))
    )
      add(node.arguments[0], false);
  });
  return found;
}
