export default async function globalTeardown(): Promise<void> {
  const { endOfRun = [] } = globalThis as { endOfRun?: (() => Promise<void>)[] };
  await Promise.all(endOfRun.map((end) => end()));
}
