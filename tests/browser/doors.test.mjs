// Getting in and out, and who sees what: sign-in, one-time passwords, invitations, approval, employees.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Office, admin } from './lib/office.mjs';

let office;
before(async () => (office = await Office.start()));
after(() => office?.stop());

const greeting = /^What can I do for you/;

test('a wrong password is told in words, the right one opens, signing out closes', async () => {
  const ann = (await office.visit()).mayFail(/^400 .*\/signin$/);
  await ann.open('/');
  await ann.heading('Sign in to mAI').waitFor();
  await ann.fill({ Email: admin.email, Password: 'wrong' });
  await ann.button('Sign in').click();
  assert.match(await ann.page.getByRole('alert').innerText(), /password/i);
  await ann.field('Password').fill(admin.password);
  await ann.button('Sign in').click();
  await ann.heading(greeting).waitFor();
  await ann.signOut();
  await ann.open('/settings/usage');
  await ann.heading('Sign in to mAI').waitFor();
  await ann.leave();
});

test('empty and malformed fields are told beside them', async () => {
  const somebody = await office.visit();
  await somebody.open('/');
  await somebody.button('Sign in').click();
  await somebody.sees('Please fill this in.');
  await somebody.fill({ Email: 'not an address', Password: 'x' });
  await somebody.button('Sign in').click();
  await somebody.sees('This does not look like an email address.');
  await somebody.leave();
});

test('signing in leads to the page that was asked for', async () => {
  const ann = await office.visit();
  await ann.open('/settings/usage');
  await ann.signIn(admin, '/signin?next=%2Fsettings%2Fusage');
  await ann.heading('My Organization Usage').waitFor();
  await ann.leave();
});

test('a person is added with a one-time password that must be changed', async () => {
  const ann = await office.enter(admin, '/admin/users');
  await ann.button('Add user').click();
  await ann.fill({ Name: 'Otto Once', Email: 'otto@acme.example' });
  await ann.dialog.getByRole('button', { name: 'Add user' }).click();
  const once = await ann.part('one-time-password').innerText();
  await ann.button('Done').click();
  const row = ann.page.locator('tr', { hasText: 'Otto Once' });
  await row.filter({ hasText: 'One-time password' }).waitFor();
  assert.ok(!(await ann.page.content()).includes(once), 'it is shown only once');

  const otto = await office.enter({ email: 'otto@acme.example', password: once });
  otto.mayFail(/^400 .*\/signin$/);
  await otto.heading('Choose your own password').waitFor();
  await otto.open('/settings/account');
  await otto.heading('Choose your own password').waitFor();
  await otto.fill({ 'One-time password': once, 'New password': 'my own long words', 'Repeat new password': 'my own long word' });
  await otto.button('Set password and continue').click();
  await otto.sees('The two passwords are not the same.');
  await otto.field('Repeat new password').fill('my own long words');
  await otto.button('Set password and continue').click();
  await otto.page.getByRole('button', { name: 'Account menu' }).waitFor();
  await otto.signOut();
  await otto.fill({ Email: 'otto@acme.example', Password: once });
  await otto.button('Sign in').click();
  await otto.page.getByRole('alert').waitFor();
  await otto.field('Password').fill('my own long words');
  await otto.button('Sign in').click();
  await otto.page.getByRole('button', { name: 'Account menu' }).waitFor();
  await Promise.all([ann.leave(), otto.leave()]);
});

test('an employee has no pages of administrators and sees only the own usage', async () => {
  const { token } = office.world.admin;
  await office.world.request('/api/chat/completions', { token, body: { model: 'sim/echo', messages: [{ role: 'user', content: 'Hello' }] } });
  const eve = await office.enter(await office.hire('Eve Employee'), '/settings/usage');
  await eve.heading('My Usage').waitFor();
  await eve.part('card-today-cost').filter({ hasText: '$0.00' }).waitFor();
  await eve.page.getByRole('tab', { name: 'By User' }).click();
  const people = eve.page.locator('tbody tr');
  await people.filter({ hasText: 'Eve Employee' }).waitFor();
  assert.equal(await people.count(), 1);
  for (const name of ['Connections', 'Users', 'Invitations', 'Clients']) await eve.seesNot(eve.link(name));
  for (const path of ['/admin/users', '/admin/invitations', '/settings/connections', '/provider/clients', '/provider/system']) {
    await eve.open(path);
    await eve.heading('This page does not exist').waitFor();
  }
  await eve.leave();
});

test('an invitation link makes one account, and no second one', async () => {
  const ann = await office.enter(admin, '/admin/invitations');
  await ann.button('Create invitation').first().click();
  await ann.dialog.getByLabel('Email').fill('ida@acme.example');
  await ann.dialog.getByRole('button', { name: 'Create invitation' }).click();
  const link = await ann.part('invitation-link').innerText();
  await ann.button('Done').click();
  await ann.page.locator('tr', { hasText: 'ida@acme.example' }).filter({ hasText: 'Open' }).waitFor();
  await ann.leave();

  const ida = await office.visit();
  await ida.open(new URL(link).pathname);
  await ida.heading('Join Acme').waitFor();
  assert.equal(await ida.field('Email').inputValue(), 'ida@acme.example');
  await ida.fill({ Name: 'Ida Invited', Password: 'a long enough password' });
  await ida.button('Create account').click();
  await ida.heading(greeting).waitFor();
  await ida.leave();

  const late = (await office.visit()).mayFail(/^404 .*\/invitations\/by-token\//);
  await late.open(new URL(link).pathname);
  await late.heading('This invitation does not work any more').waitFor();
  await late.leave();
});

test('a newcomer waits until an administrator approves; the page notices by itself', async () => {
  const newcomer = await office.hire('Ned Newcomer', 'pending');
  const ned = (await office.enter(newcomer)).mayFail(/^401 /); // a change of the role ends the web sessions
  await ned.heading('Your account is waiting for approval').waitFor();
  const ann = await office.enter(admin, '/admin/users');
  await ann.page.locator('tr', { hasText: 'Ned Newcomer' }).getByRole('button', { name: 'Approve' }).click();
  await ann.told('Ned Newcomer was changed');
  await ned.sees('You were signed out, because your session ended');
  await ned.fill({ Email: newcomer.email, Password: newcomer.password });
  await ned.button('Sign in').click();
  await ned.heading(greeting).waitFor();
  await Promise.all([ann.leave(), ned.leave()]);
});

test('signing out other devices closes them at once', async () => {
  const { email, password } = await office.hire('Dora Devices');
  const dora = { email, password }; // each device has a session of its own
  const home = await office.enter(dora, '/settings/account');
  const work = (await office.enter(dora, '/settings/account')).mayFail(/^401 /);
  await work.heading('Account').first().waitFor();
  await home.page.reload();
  await home.button('Sign out all others').click();
  await work.sees('You were signed out, because your session ended');
  await home.heading('Account').first().waitFor();
  await Promise.all([home.leave(), work.leave()]);
});

test('the browser had nothing to complain about', () => office.browser.assertNoComplaints());
