/** What a URI has before its host, wherever it is quoted. */
const credentials = /([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>/?#]*@/gi;
/** The same without a scheme, as in a list of brokers. */
const bareCredentials = /[^\s"'<>/?#@,:*]+:[^\s"'<>/?#@,*]*@(?=[\w[])/g;

/** A text that may go into logs and onto terminals: addresses in it have lost their users and passwords. */
export const withoutSecrets = (text: string): string =>
  text.replace(credentials, '$1******@').replace(bareCredentials, '******@');
