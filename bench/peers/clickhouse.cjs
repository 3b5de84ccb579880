// The same word count by ClickHouse (npm package chdb, found through NODE_PATH), which protects nothing.
//   node clickhouse.cjs INPUT OUTPUT THREADS
const { rmSync } = require('node:fs');
const { query } = require('chdb');

const [input, output, threads = '2'] = process.argv.slice(2);
if (!input || !output) {
  console.error('usage: node clickhouse.cjs INPUT OUTPUT [THREADS]');
  process.exit(2);
}
const quoted = (path) => `'${path.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
rmSync(output, { force: true }); // INTO OUTFILE refuses what is there
query(
  `SELECT word, count() AS n
   FROM (SELECT arrayJoin(splitByWhitespace(line)) AS word FROM file(${quoted(input)}, LineAsString, 'line String'))
   GROUP BY word ORDER BY n DESC, word
   INTO OUTFILE ${quoted(output)} FORMAT TSVRaw
   SETTINGS max_threads = ${Number(threads)}, input_format_parallel_parsing = ${Number(threads) > 1 ? 1 : 0}`,
  'TSVRaw');
