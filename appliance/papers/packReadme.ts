/** The README.txt of an audit pack. */
export const README = `审计包 / Audit pack
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
只用公开工具，在解压后的文件夹里运行 / with public tools only, in the folder it was unpacked to:

  openssl dgst -sha256 -verify public.pem -signature SHA256SUMS.sig SHA256SUMS
  sha256sum -c SHA256SUMS

第一条应显示 Verified OK，第二条每个文件应显示 OK（OK 即完好）。
The first has to say "Verified OK", the second "OK" for every file.

再核对公钥是不是这家门店的：manifest.json 里的 kid（RFC 7638 指纹）应与门店盒网址 /api/v1/keys 给出的、以及顾客手中
同意书副本和删除凭证上印的一致。Then make sure that the key is that of the store: kid in manifest.json (RFC 7638) has to be
the one that the box gives out at /api/v1/keys, and that is printed on the customers' copies and receipts.

有本产品的命令行时，一条即可 / with the product's own command all at once, the audit log included:

  portico pack verify FILE.zip --key KEYFILE

操作日志的算法 / The audit log
------------------------------
每条的 hash 是 SHA-256（小写十六进制），计算对象为：上一条的 hash、一个换行符（0x0A）、以及下列 JSON 数组的 UTF-8 文本，
逗号和冒号后没有空格；detail 是字符串，原样放入。第一条之前的 hash 是 manifest.json 里的 accesses.start.hash。
Each entry's hash is the SHA-256, in lower-case hexadecimal, of: the hash of the entry before, one line feed (0x0A), and the
UTF-8 text of this JSON array without spaces between its parts; detail is a string and goes in as it is. Before the first
entry stands accesses.start.hash of manifest.json.

  [seq,at_ms,action,staff_id,device_id,customer_id,detail]
`;
