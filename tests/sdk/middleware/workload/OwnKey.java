// A client with a private key of its own, with Nimbus's PrivateKeyJWT: RFC 7523 section 2.2. And by the same class with a platform's
// token. Prints the scopes of both. Arguments: the private key as a JWK, and the platform's token.

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.id.ClientID;
import java.net.URI;

public class OwnKey {
  public static void main(String[] arguments) throws Exception {
    String issuer = System.getenv("ISSUER");
    ECKey key = ECKey.parse(arguments[0]);
    PrivateKeyJWT own = new PrivateKeyJWT(
        new ClientID(System.getenv("CLIENT_ID")), URI.create(issuer), JWSAlgorithm.ES256, key.toECPrivateKey(), key.getKeyID(), null);
    System.out.println(granted(new TokenRequest.Builder(URI.create(issuer + "/oauth2/token"), own, new ClientCredentialsGrant())));
    PrivateKeyJWT platforms = new PrivateKeyJWT(SignedJWT.parse(arguments[1]));
    TokenRequest.Builder request = new TokenRequest.Builder(URI.create(issuer + "/oauth2/token"), platforms, new ClientCredentialsGrant());
    System.out.println(granted(request.customParameter("client_id", System.getenv("CLIENT_ID"))));
  }

  static String granted(TokenRequest.Builder request) throws Exception {
    TokenResponse response = TokenResponse.parse(request.build().toHTTPRequest().send());
    if (response.indicatesSuccess()) return response.toSuccessResponse().getTokens().getBearerAccessToken().getScope().toString();
    return response.toErrorResponse().getErrorObject().getDescription();
  }
}
