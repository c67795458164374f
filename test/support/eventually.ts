/** Asks again until it is so, for what comes in its own time; after 20 seconds the last refusal is the test's failure. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const limit = Date.now() + 20_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
