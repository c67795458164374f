/** Two MariaDB nodes that replicate to each other with Debian's galera-4, for campaigns that one server cannot tell. */
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { freePort, serve, thrice, type MariadbServer } from './mariadb-server';
import { ensurePrograms, programPath, type Program } from './system-packages';

const PROGRAMS: Program[] = ['mariadbd', 'mariadb-install-db', 'wsrep_sst_rsync', 'rsync', 'libgalera_smm.so'];

export interface GaleraNode extends MariadbServer {
  /** A word of SHOW STATUS: 'wsrep_cluster_size'. */
  status(name: string): Promise<string>;
  /** Comes back once this node shows all that any node has committed so far. */
  settled(): Promise<void>;
  /** Cuts the node off from the other, or lets it see the other again. */
  isolate(isolated: boolean): Promise<void>;
  /** Lets a node that is left alone go on, as its administrator would once the other is known to be dead. */
  goOnAlone(): Promise<void>;
}

export interface GaleraCluster {
  nodes: [GaleraNode, GaleraNode];
  /** Both nodes show all that any has committed so far. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Sees to the packages, as root, and starts both nodes.
 * @throws with the command that installs what is missing, or with the end of the log of a node that does not come up
 */
export async function startGalera(): Promise<GaleraCluster> {
  ensurePrograms(PROGRAMS);
  return thrice(async () => {
    const group = await freePort();
    const first = await startNode(group, ['--wsrep-cluster-address=gcomm://', '--wsrep-new-cluster'], '1');
    try {
      const second = await startNode(await freePort(), [`--wsrep-cluster-address=gcomm://127.0.0.1:${group}`], '2');
      const nodes: [GaleraNode, GaleraNode] = [first, second];
      return {
        nodes,
        settled: async () => void (await Promise.all(nodes.map((node) => node.settled()))),
        stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
      };
    } catch (error) {
      await first.stop();
      throw error;
    }
  });
}

async function startNode(group: number, how: string[], size: string): Promise<GaleraNode> {
  const [sql, incremental, whole] = [await freePort(), await freePort(), await freePort()];
  const { username } = userInfo();
  const server = await serve(sql, {
    // As root, rsync's daemon would drop its rights and not reach the folder.
    user: username === 'root' ? 'mysql' : username,
    options: [
      '--binlog-format=ROW',
      '--innodb-autoinc-lock-mode=2',
      '--wsrep-on=ON',
      `--wsrep-provider=${programPath('libgalera_smm.so')}`,
      `--wsrep-node-address=127.0.0.1:${group}`,
      '--wsrep-sst-method=rsync',
      `--wsrep-sst-receive-address=127.0.0.1:${whole}`,
      `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${incremental};gcache.size=16M`,
      ...how,
    ],
  });
  const node = asNode(server);
  try {
    await untilReady(node, size);
    return node;
  } catch (error) {
    await node.stop();
    throw error;
  }
}

function asNode(server: MariadbServer): GaleraNode {
  /** A connection for each: a pool's might have been there before the node left its cluster. */
  async function ask(...statements: string[]): Promise<mysql.RowDataPacket[]> {
    const connection = await mysql.createConnection({ uri: server.url });
    try {
      let rows: unknown;
      for (const sql of statements) [rows] = await connection.query(sql);
      return rows as mysql.RowDataPacket[];
    } finally {
      connection.destroy();
    }
  }
  const tell = async (option: string): Promise<void> =>
    void (await ask(`SET GLOBAL wsrep_provider_options = '${option}'`));
  return {
    ...server,
    async status(name) {
      const [row] = await ask(`SHOW GLOBAL STATUS LIKE '${name}'`);
      return String(row?.Value);
    },
    settled: async () => void (await ask('SET SESSION wsrep_sync_wait = 15', 'SELECT COUNT(*) FROM mysql.user')),
    isolate: (isolated) => tell(`gmcast.isolate=${isolated ? 1 : 0}`),
    goOnAlone: () => tell('pc.bootstrap=YES'),
  };
}

/** A node opens its port before it belongs to the cluster. */
export async function untilReady(node: GaleraNode, size: string, seconds = 30): Promise<void> {
  for (const end = Date.now() + seconds * 1000; ; await sleep(50)) {
    const [ready, known] = [await node.status('wsrep_ready'), await node.status('wsrep_cluster_size')];
    if (ready === 'ON' && known === size) return;
    if (Date.now() > end)
      throw new Error(`the node on port ${node.port} is not ready: wsrep_ready ${ready}, cluster size ${known}`);
  }
}
