// How a peer in Node is timed: each round issues, then verifies all records; rates are of the process's own processor time.
import {readFileSync} from 'node:fs';

const ROUNDS = 3;
const cpu = () => { const {user, system} = process.cpuUsage(); return (user + system) / 1e6; };

export async function compare(issue, verify, tampered) {
  const records = JSON.parse(readFileSync(0));
  const said = {issue: [], verify: []};
  let issued;
  for (let round = 0; round < ROUNDS; round++) {
    const began = cpu();
    issued = await issue(records);
    const between = cpu();
    let good = 0;
    for (const one of issued) good += await verify(one) ? 1 : 0;
    const ended = cpu();
    if (good !== records.length) throw new Error(`${good} of ${records.length} were verified`);
    said.issue.push(records.length / (between - began));
    said.verify.push(records.length / (ended - between));
  }
  if (await verify(tampered(issued[0]))) throw new Error('a document that was changed is still believed');
  console.log(JSON.stringify(said));
}
