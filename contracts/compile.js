// Compile the anchor contract with npm's solc, the same everywhere.
//
//   node compile.js            write what the package ships: the standard-JSON input and the compiled contract
//   node compile.js --check    compile the shipped input again, and refuse any byte of difference from the sources
//                              here, from OpenZeppelin as installed, and from the compiled contract as shipped
//
// The shipped input holds our own source whole, and names OpenZeppelin's by package and Keccak-256, as the standard-JSON
// format allows: whoever compiles it takes them from that package, and the hashes say whether they are the same.
"use strict";
const fs = require("fs");
const path = require("path");

const here = __dirname;
const modules = process.env.SOGOC_CONTRACT_MODULES || path.join(here, "..", ".tools", "contracts", "node_modules");
const shipped = path.join(here, "..", "src", "sogoc", "adapters", "contract");
const solc = require(path.join(modules, "solc"));
const { keccak256 } = require(path.join(modules, "js-sha3"));

const ENTRY = "src/Anchor.sol";
const SETTINGS = {
  evmVersion: "istanbul",
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: "none" },
  outputSelection: {
    [ENTRY]: { Anchor: ["abi", "evm.bytecode.object", "evm.deployedBytecode", "storageLayout"] },
  },
};

function collect(unit, sources) {
  if (sources[unit]) return;
  const file = unit.startsWith("@") ? path.join(modules, unit) : path.join(here, unit);
  const content = fs.readFileSync(file, "utf8");
  sources[unit] = { content };
  for (const [, wanted] of content.matchAll(/^\s*import\b[^"';]*["']([^"']+)["'];/gms)) {
    collect(wanted.startsWith(".") ? path.posix.join(path.posix.dirname(unit), wanted) : wanted, sources);
  }
}

function gather() {
  const sources = {};
  collect(ENTRY, sources);
  const sorted = Object.fromEntries(Object.keys(sources).sort().map((unit) => [unit, sources[unit]]));
  return { language: "Solidity", sources: sorted, settings: SETTINGS };
}

function named(input) {
  const sources = Object.fromEntries(
    Object.entries(input.sources).map(([unit, { content }]) => {
      if (!unit.startsWith("@")) return [unit, { content }];
      const [scope, name, ...rest] = unit.split("/");
      const { version } = require(path.join(modules, scope, name, "package.json"));
      return [unit, { keccak256: "0x" + keccak256(content), urls: [`npm:${scope}/${name}@${version}/${rest.join("/")}`] }];
    }),
  );
  return { ...input, sources };
}

function compile(input) {
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const problems = output.errors || [];
  if (problems.length) {
    throw new Error(problems.map((problem) => problem.formattedMessage).join("\n"));
  }
  const made = output.contracts[ENTRY].Anchor;
  const immutables = Object.values(made.evm.deployedBytecode.immutableReferences);
  if (immutables.length !== 1) throw new Error("the origin is not the one immutable of the contract");
  return {
    compiler: solc.version(),
    abi: made.abi,
    creation: "0x" + made.evm.bytecode.object,
    runtime: "0x" + made.evm.deployedBytecode.object,
    originAt: immutables[0].map((reference) => reference.start),
    storage: made.storageLayout.storage.map(({ label, slot, offset }) => ({ label, slot: Number(slot), offset })),
  };
}

const text = (value) => JSON.stringify(value, null, 1) + "\n";
if (process.argv[2] === "--check") {
  const input = fs.readFileSync(path.join(shipped, "anchor.input.json"), "utf8");
  const contract = fs.readFileSync(path.join(shipped, "anchor.json"), "utf8");
  const differing = [];
  if (input !== text(named(gather()))) differing.push("anchor.input.json is not the sources");
  if (contract !== text(compile(gather()))) differing.push("anchor.json is not what the compiler makes");
  if (differing.length) {
    console.error(differing.join("\n"));
    process.exit(1);
  }
  console.log("the shipped contract is exactly what solc " + solc.version() + " makes of the sources");
} else {
  const input = gather();
  fs.writeFileSync(path.join(shipped, "anchor.input.json"), text(named(input)));
  fs.writeFileSync(path.join(shipped, "anchor.json"), text(compile(input)));
}
