// The module of deploy/terraform, before HashiCorp's own parser, beside the release in JETON_RELEASE.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from '@cdktf/hcl2json';

const { JETON_RELEASE: release, JETON_TERRAFORM: folder } = process.env;
const plain = JSON.parse(fs.readFileSync(path.join(release, 'cloudformation.json'), 'utf8'));
const files = Object.fromEntries(['main', 'variables', 'outputs'].map((name) => [name, fs.readFileSync(path.join(folder, `${name}.tf`), 'utf8')]));
const module = Object.assign({}, ...(await Promise.all(Object.entries(files).map(([name, text]) => parse(`${name}.tf`, text)))));
const stack = module.resource.aws_cloudformation_stack.jeton[0];

test('each variable and each output says what it is', () => {
  for (const [name, [declared]] of Object.entries({ ...module.variable, ...module.output })) assert.ok(declared.description, name);
});

test('it reads no variable that it does not have, and has none that it does not read', () => {
  const read = new Set(Array.from(files.main.matchAll(/\bvar\.(\w+)/g), ([, name]) => name));
  assert.deepEqual([...read].sort(), Object.keys(module.variable).sort());
});

test('the files that it uploads are those of a release', () => {
  const bundles = module.locals[0].bundles.match(/"(\w+)"/g).map((name) => `${JSON.parse(name)}.zip`);
  assert.deepEqual(bundles.sort(), fs.readdirSync(release).filter((name) => name.endsWith('.zip')).sort());
  assert.equal(module.resource.aws_s3_object.template[0].source, '${var.release}/cloudformation.json');
});

test('it tells the template where the archives are, by parameters that the template has', () => {
  const given = Array.from(stack.parameters.matchAll(/(\w+)\s*=/g), ([, name]) => name);
  assert.deepEqual(given.sort(), ['BundleBucket', 'BundlePrefix']);
  assert.ok(given.every((name) => name in plain.Parameters));
  assert.deepEqual(stack.capabilities, ['CAPABILITY_IAM']);
});

test('the outputs that it names are those of the template', () => {
  const named = Array.from(files.outputs.matchAll(/outputs\["(\w+)"\]/g), ([, name]) => name);
  assert.ok(named.length > 0 && named.every((name) => name in plain.Outputs));
});

test('the example of the page gives the variables that must be given, and no others', async () => {
  const [given] = (await parse('example.tf', fs.readFileSync('example.tf', 'utf8'))).module.jeton;
  const { source, ...values } = given;
  assert.ok(source.endsWith('deploy/terraform'));
  for (const name of Object.keys(values)) assert.ok(name in module.variable, name);
  for (const [name, [declared]] of Object.entries(module.variable)) assert.ok('default' in declared || name in values, name);
  for (const name of Object.keys(values.parameters)) assert.ok(name in plain.Parameters, name);
});
