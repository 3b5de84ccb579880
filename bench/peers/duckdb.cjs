// The same word count by DuckDB (npm package @duckdb/node-api, found through NODE_PATH), which protects nothing.
//   node duckdb.cjs INPUT OUTPUT THREADS
const { DuckDBInstance } = require('@duckdb/node-api');

const [input, output, threads = '2'] = process.argv.slice(2);
if (!input || !output) {
  console.error('usage: node duckdb.cjs INPUT OUTPUT [THREADS]');
  process.exit(2);
}
const quoted = (path) => `'${path.replaceAll("'", "''")}'`;
// Lines as they are: a delimiter that no text holds, no quotes, no escapes.
const lines = `read_csv(${quoted(input)}, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false,
  delim = chr(1), quote = '', escape = '', max_line_size = 16777216, null_padding = false, strict_mode = false)`;

(async () => {
  const database = await DuckDBInstance.create(':memory:', { threads: String(threads) });
  const connection = await database.connect();
  await connection.run('SET preserve_insertion_order = false');
  await connection.run(
    `COPY (SELECT word, count(*) AS n
           FROM (SELECT unnest(string_split_regex(line, '[ \\t]+')) AS word FROM ${lines})
           WHERE word <> '' GROUP BY word ORDER BY n DESC, word)
     TO ${quoted(output)} (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '', ESCAPE '')`);
})();
