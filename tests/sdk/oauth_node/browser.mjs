// A browser, and a person before it, for the tests of sign-ins: it follows redirects, keeps cookies, and fills in forms.

import assert from "node:assert/strict";

/** What people of examples/login/users.json type in. */
export const PASSWORDS = { ann: "only-for-this-page", bob: "also-only-for-this-page" };
export const SUBJECTS = { ann: "u-1001", bob: "u-1002" };

export class Browser {
  /** By their names: all servers of a test are on one host, and cookies don't know of ports (RFC 6265 section 8.5). */
  cookies = new Map();

  /** Goes to an address, as far as redirects lead. They end at a page, or where the client would take the answer, if that is named. */
  async go(url, callback, request = {}) {
    for (let hops = 0; hops < 10; hops++) {
      if (callback && url.href.startsWith(callback)) return { callback: url };
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(url, { ...request, redirect: "manual", headers: { cookie } });
      for (const set of answer.headers.getSetCookie()) this.cookies.set(...set.split(";")[0].split(/=(.*)/s, 2));
      if (answer.status !== 303) return { url, status: answer.status, headers: answer.headers, text: await answer.text() };
      [url, request] = [new URL(answer.headers.get("location"), url), {}];
    }
    assert.fail(`too many redirects: ${url}`);
  }

  /** Sends the form of a page, with what the person fills in and the button that is clicked. */
  async send(page, callback, filled) {
    const action = page.text?.match(/<form method="post" action="([^"]+)"/)?.[1];
    assert.ok(action, `a form: ${page.callback ?? page.text}`);
    const hidden = [...page.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
    return this.go(new URL(action, page.url), callback, { method: "POST", body: new URLSearchParams([...hidden, ...Object.entries(filled)]) });
  }

  /** Signs in where that is asked for, answers the question for consent if there is one, and returns where the client is told. */
  async signIn(url, callback, { user = "ann", decision = "allow" } = {}) {
    let page = await this.go(url, callback);
    if (isLogin(page)) page = await this.send(page, callback, { user, password: PASSWORDS[user] });
    if (isConsent(page)) page = await this.send(page, callback, { decision });
    assert.ok(page.callback, page.text);
    return page.callback;
  }
}

export const isLogin = (page) => page.status === 200 && page.text.includes("<h1>Sign in</h1>");
export const isSignOut = (page) => page.status === 200 && page.text.includes("<h1>Sign out?</h1>");
export const isSignedOut = (page) => page.status === 200 && page.text.includes("<h1>You are signed out</h1>");
export const isConsent = (page) => page.status === 200 && page.text.includes("<h1>Allow access?</h1>");
