// A statement run by DuckDB (npm package @duckdb/node-api, found through NODE_PATH), which protects nothing.
//   node duckdb_sql.cjs STATEMENT THREADS
const { DuckDBInstance } = require('@duckdb/node-api');

const [statement, threads = '2'] = process.argv.slice(2);
if (!statement) {
  console.error('usage: node duckdb_sql.cjs STATEMENT [THREADS]');
  process.exit(2);
}
(async () => {
  const database = await DuckDBInstance.create(':memory:', { threads: String(threads) });
  const connection = await database.connect();
  await connection.run('SET preserve_insertion_order = false');
  await connection.run(statement);
})().catch((error) => {
  console.error(String(error.message));
  process.exit(1);
});
