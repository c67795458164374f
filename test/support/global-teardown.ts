export default async function globalTeardown(): Promise<void> {
  const holder = globalThis as { mariadbServer?: { stop(): Promise<void> } };
  await holder.mariadbServer?.stop();
}
