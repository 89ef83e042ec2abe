// W3C Verifiable Credentials 2.0 with Data Integrity: ecdsa-rdfc-2019 over P-256. Every document that is asked for is in memory.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {compare} from './timing.mjs';

const require = createRequire(`${process.argv[2]}/package.json`);
const load = name => import(pathToFileURL(require.resolve(name)));
const vc = await load('@digitalbazaar/vc');
const EcdsaMultikey = await load('@digitalbazaar/ecdsa-multikey');
const {DataIntegrityProof} = await load('@digitalbazaar/data-integrity');
const {cryptosuite} = await load('@digitalbazaar/ecdsa-rdfc-2019-cryptosuite');

const controller = 'https://o.example/issuer';
const key = await EcdsaMultikey.generate({curve: 'P-256', id: `${controller}#key`, controller});
const held = await key.export({publicKey: true, includeContext: true});
const documents = new Map([
  [held.id, held],
  [controller, {'@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'], id: controller, assertionMethod: [held]}],
]);
const documentLoader = async url =>
  documents.has(url) ? {contextUrl: null, documentUrl: url, document: documents.get(url)} : vc.defaultDocumentLoader(url);

const credential = record => ({
  '@context': ['https://www.w3.org/ns/credentials/v2', {'@vocab': 'https://o.example/terms#'}],
  id: `urn:uuid:${record.identifier}`,
  type: ['VerifiableCredential'],
  issuer: controller,
  validFrom: '2026-06-19T00:00:00Z',
  credentialSubject: record,
});

async function issue(records) {
  const issued = [];
  for (const record of records) {
    const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});
    issued.push(await vc.issue({credential: credential(record), suite, documentLoader}));
  }
  return issued;
}

async function verify(presented) {
  const suite = new DataIntegrityProof({cryptosuite});
  const {verified, error} = await vc.verifyCredential({credential: presented, suite, documentLoader});
  if (!verified && process.env.DEBUG) console.error(JSON.stringify(error?.errors?.map(one => String(one?.stack)), null, 1));
  return verified;
}

const changed = one => ({...one, credentialSubject: {...one.credentialSubject, classification: 'Xuất sắc'}});

await compare(issue, verify, changed);
