/** The README.txt of an audit pack. Lines that begin with two spaces under "How to check" are commands, run by test/papers/pack.test.ts. */
export const README = `审计材料包 / Audit pack
====================

内容含个人信息（姓名、签名、同意记录），请妥善保管，用后删除。
This pack holds personal information (names, signatures, records of consent). Keep it safe and delete it after use.

文件 / Files
------------
rules/            告知书各版本、保存期限、角色与权限、固定点位
                  versions of the notice, retention terms, roles and permissions, fixed stations
consents.jsonl    每行一份同意，含签名笔迹（坐标为像素，t 为毫秒）
                  one consent a line, with the strokes of the signature (pixels; t in milliseconds)
deletions.jsonl   删除记录 / deletions
assessments.jsonl 影响评估 / impact assessments
breaches.jsonl    安全事件与演练 / incidents and drills
requests.jsonl    个人提出的要求及答复期限 / requests of persons and their deadlines
accesses.jsonl    操作日志，每行一条，逐条以哈希相连 / the audit log, one entry a line, chained by hashes
manifest.json     文件清单、日志的起点和终点 / list of the files, where the log begins and ends
manifest.jws      对 manifest.json 的签名（JWS，ES256） / signature of manifest.json for JWT tools
public.pem        门店盒的公钥（public.jwks.json 为 JWK 形式） / public key of the box (as JWK in public.jwks.json)

怎样核对 / How to check
-----------------------
只用公开工具，在解压后的文件夹里把命令粘贴到终端 / with public tools only: paste into a terminal, in the folder it was unpacked to

1. 文件是否完好 / Are the files as they were signed?

  openssl dgst -sha256 -verify public.pem -signature SHA256SUMS.sig SHA256SUMS
  sha256sum -c SHA256SUMS

第一条应显示 Verified OK，第二条每个文件应显示 OK（OK 即完好）。macOS 没有 sha256sum 时用 shasum -a 256 -c SHA256SUMS。
The first has to say "Verified OK", the second "OK" for every file. On a Mac without sha256sum: shasum -a 256 -c SHA256SUMS.

2. 公钥是不是这家门店的 / Is the key that of the store?

  der() { openssl pkey -pubin -in public.pem -outform DER; }
  b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
  x=$(der | tail -c 64 | head -c 32 | b64)
  y=$(der | tail -c 32 | b64)
  test "$(der | head -c 27 | b64)" = MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE &&
  printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$x" "$y" | openssl dgst -sha256 -binary | b64 && echo

打印出的 43 个字符是公钥指纹（kid，RFC 7638），由 public.pem 本身算出；什么都没打印，说明它不是 P-256 公钥，不要采信。
指纹要与从别处得到的逐字一致：顾客手中的同意书副本和删除凭证上都印有“公钥指纹”；用手机扫删除凭证的二维码，网页上也有；
门店盒网址 /api/v1/keys 给出的 kid 也是它。与包内 manifest.json 的 kid 一致，只说明包内前后一致。
What is printed, 43 characters, is the thumbprint of the key (kid, RFC 7638), worked out from public.pem itself. Nothing printed
means that it is no P-256 key: do not trust it. It has to be, letter by letter, the one that you have from elsewhere:
"Thumbprint of the key" on the customers' copies of their consent and on receipts of deletion, on the page that a receipt's QR code
opens, and kid at /api/v1/keys of the box. That manifest.json in this pack has the same kid only says that the pack agrees with itself.

3. 操作日志和每份同意是否没有改动 / Are the audit log and each consent unchanged?

有 Portico 源代码时，在它的文件夹里运行下面一条，前两步也包括在内。KEYFILE 是 /api/v1/keys 的内容或 PEM 公钥，要从别处得到；
两个文件都写完整路径。没有源代码时，按下面两节的算法可以自己写程序核对。
With Portico's source, in its folder; steps 1 and 2 are done as well. KEYFILE is what /api/v1/keys answers, or PEM, had from
elsewhere; give both files with their whole paths. Without the source the two formulas below are all that a program needs.

  npm run --silent portico -- pack verify FILE.zip --key KEYFILE

证明什么 / What it proves
-------------------------
第 1、2 步：这个包是这家门店的盒子作出的，之后没有改动。第 3 步：日志从起点到终点没有改动、没有缺失；每份同意与签署时写进日志的
校验值（seal）一致，签署后没有在盒子里被改过。监护人签署的同意只与日志核对：孩子的出生日期不在包里，校验值要在盒子上核对
（portico 的 audit verify）。早于日志起点的同意只与自身的校验值核对。
不能证明：输入盒子的内容属实；整份删去的同意曾经存在；持有盒子密钥的人没有把全部记录和日志重做一遍。最后一点用顾客手中的删除凭证
核对：凭证签有当时的日志序号和哈希，应与 accesses.jsonl 里同一序号的一致。
Steps 1 and 2: that the box of this store made the pack, and that it was not altered since. Step 3: that no entry of the log was
altered or is missing from its beginning to its end, and that each consent fits the seal that was written into the log when it was
signed, so was not changed in the box afterwards. A consent that a guardian signed is held against the log alone: the child's
birth day is not in the pack, and the seal is checked on the box (audit verify). One from before the log begins is held against its own seal.
It does not prove that the box was told the truth, that no whole consent was deleted, nor that nobody who has the key of the box made
all records and the log anew. Against the last stand the receipts of deletion that customers hold: each has signed the number and hash
of an entry of that day, which must be the same in accesses.jsonl.

操作日志的算法 / The audit log
------------------------------
每条的 hash 是 SHA-256（小写十六进制），计算对象为：上一条的 hash、一个换行符（0x0A）、以及下列 JSON 数组的 UTF-8 文本，
逗号和冒号后没有空格；detail 是字符串，原样放入。第一条之前的 hash 是 manifest.json 里的 accesses.start.hash。
Each entry's hash is the SHA-256, in lower-case hexadecimal, of: the hash of the entry before, one line feed (0x0A), and the
UTF-8 text of this JSON array without spaces between its parts; detail is a string and goes in as it is. Before the first
entry stands accesses.start.hash of manifest.json.
日志起点的 seq 为 0 时，该 hash 是 64 个 0，日志里没有 audit_pruned。否则最后一条 audit_pruned 的 detail 里的 startSeq、startHash 要与 accesses.start 相同，
而且 beforeMs 要晚于日志第一条的 at_ms，不晚于第二条的 at_ms，并比这条 audit_pruned 的 at_ms 早 184 天以上：起点和 beforeMs 都不能随意后移。
Where accesses.start.seq is 0, that hash is 64 zeros and there is no audit_pruned. Else startSeq and startHash in detail of the last audit_pruned have to be those of
accesses.start, and its beforeMs has to be later than at_ms of the first entry, not later than at_ms of the second, and at least 184
days before at_ms of that audit_pruned: so nobody can move the beginning, or beforeMs, at will.

  [seq,at_ms,action,staff_id,device_id,customer_id,detail]

同意的校验值 / The seal of a consent
------------------------------------
consents.jsonl 里的 seal 是下列 JSON 数组（没有空格）的 SHA-256。PURPOSES 是 sealed.purposes，用逗号连成一个字符串；SIGNATURE 是
signature 在该行里的 JSON 文本，作为一个字符串；GIVEN_AT_MS 是 givenAt 自 1970 年起的毫秒数。日志里 action 为 consent_given、
detail.consentId 相同的那条，写有同一个 seal。
seal in consents.jsonl is the SHA-256 of this JSON array without spaces. PURPOSES are sealed.purposes with commas between, one
string; SIGNATURE is the JSON text of signature as it stands in that line, as one string; GIVEN_AT_MS is givenAt in milliseconds
since 1970. The entry consent_given of the log with this detail.consentId has the same seal.

  ["portico consent 1",id,customerId,notice.id,notice.hash,language,PURPOSES,validUntil,
  guardian.name,guardian.relation,CHILD_BIRTH_DAY,SIGNATURE,GIVEN_AT_MS,sealed.staffId,sealed.deviceId]

没有监护人时，那三项为 null。Without a guardian the three are null.
`;
