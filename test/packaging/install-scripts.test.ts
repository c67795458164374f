import { readSource } from '../support/source-files';

interface Locked {
  dev?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
const { packages } = JSON.parse(readSource('package-lock.json')) as { packages: Record<string, Locked> };

/** npm 12 runs no install script unless told to. */
describe('without install scripts', () => {
  it('everything that a host installs with the plugin works', () => {
    const shipped = Object.entries(packages).filter(([path, locked]) => path !== '' && !locked.dev);
    expect(shipped.map(([path]) => path)).toContain('node_modules/zod');
    expect(shipped.filter(([, locked]) => locked.hasInstallScript).map(([path]) => path)).toEqual([]);
  });

  it('the embedded database of demo and tests works: libsql and all it needs come ready made', () => {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      const locked = packages[`node_modules/${name}`];
      if (!locked || seen.has(name)) return;
      seen.add(name);
      for (const next of Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })) visit(next);
    };
    visit('libsql');
    expect([...seen]).toEqual(expect.arrayContaining(['libsql', '@libsql/linux-x64-gnu']));
    expect([...seen].filter((name) => packages[`node_modules/${name}`]!.hasInstallScript)).toEqual([]);
  });
});
