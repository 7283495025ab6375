"""Words that tell names, places and organisations. Common knowledge, put together by hand."""

CLASSES = {
    "COUNTRY": """
afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas
bahrain bangladesh barbados belarus belgium belize benin bhutan bolivia bosnia botswana brazil
brunei bulgaria burundi cambodia cameroon canada chile china colombia comoros congo croatia cuba
cyprus czechia denmark djibouti dominica ecuador egypt eritrea estonia eswatini ethiopia fiji
finland france gabon gambia georgia germany ghana greece greenland grenada guatemala guinea guyana
haiti honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan
kazakhstan kenya kiribati kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya
liechtenstein lithuania luxembourg macedonia madagascar malawi malaysia maldives mali malta
mauritania mauritius mexico micronesia moldova monaco mongolia montenegro morocco mozambique
myanmar namibia nauru nepal netherlands nicaragua niger nigeria norway oman pakistan palau
palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda samoa
senegal serbia seychelles singapore slovakia slovenia somalia spain sudan suriname sweden
switzerland syria taiwan tajikistan tanzania thailand togo tonga tunisia turkey turkmenistan tuvalu
uganda ukraine uruguay usa uk uzbekistan vanuatu vatican venezuela vietnam wales scotland england
yemen zambia zimbabwe texas california florida ohio alaska arizona colorado georgia hawaii illinois
kansas michigan nevada oregon utah virginia washington europe africa asia america deutschland
france españa italia""",
    "NATION": """
american british english french german spanish italian portuguese dutch belgian swiss austrian
polish czech slovak slovenian slovene croatian serbian bosnian bulgarian romanian hungarian greek
turkish russian ukrainian swedish norwegian danish finnish icelandic irish scottish welsh estonian
latvian lithuanian mexican brazilian argentinian chilean peruvian colombian venezuelan cuban
canadian australian chinese japanese korean vietnamese thai cambodian indonesian malaysian
philippine filipino indian pakistani nepalese iranian iraqi israeli egyptian moroccan algerian
tunisian libyan nigerian kenyan ethiopian ghanaian african asian european arab jewish muslim
christian catholic hindu buddhist syrian lebanese jordanian saudi afghan albanian armenian georgian
cypriot maltese belizean bruneian taiwanese mongolian ugandan zambian greenlander berliner""",
    "DAY": """
monday tuesday wednesday thursday friday saturday sunday january february march april june july
august september october november december jan feb mar apr jun jul aug sep sept oct nov dec""",
    "HONOUR": """
mr mrs ms miss dr prof sir madam mister herr frau monsieur madame señor señora signor mx rev
professor doctor""",
    "COMPANY": """
inc ltd llc corp co gmbh plc group company corporation technologies consulting systems solutions
software services bank university institute research international partners associates holdings
labs media networks ministry department agency foundation association airlines sons and-sons ag sa
bv ab oy limited industries enterprises council committee hospital school college""",
    "STREET": """
street st road rd avenue ave lane ln drive dr boulevard blvd way court ct place square crescent
terrace close highway hwy parkway alley apt suite unit box floor po psc apo dpo fpo straße strasse
str gasse platz weg rue via calle avenida rua ulica ul utca út útja tér vej gade gata gatan vägen
veien vegen straat laan plein corner building block""",
    "NAMED": """
name named called surname maiden sincerely regards dear hi hello hey thanks from signed am""",
    "PLACED": """
in to from near at visit visited moved live lives lived located born capital city town village
country flew travel based""",
    "JOB": """
manager engineer operator technician officer assistant director developer designer analyst
consultant administrator coordinator specialist supervisor worker clerk nurse teacher scientist
mechanic installer repairer cleaner driver cashier representative writer editor accountant lawyer
attorney lineman packager cinematographer tender president ceo cto cfo secretary minister""",
    "THING": """
python java javascript typescript react angular django flask docker kubernetes linux windows ubuntu
android github gitlab git google microsoft apple amazon facebook meta twitter instagram youtube
netflix spotify whatsapp slack zoom chrome firefox safari excel word powerpoint outlook gmail
iphone ipad macbook bluetooth wifi internet web api json html css sql http https url pdf csv xml
openai chatgpt gpt claude gemini llama bert tesla toyota honda bmw ford nike adidas coca-cola pepsi
christmas easter thanksgiving halloween ramadan bible quran olympics covid covid-19 dna rna nasa
nato un eu eur usd gbp jpy ceo cto cfo faq id ok pm am tv cd dvd gps usb cpu gpu ram ai ml nlp llm
english-language earth mars moon sun jupiter saturn venus god jesus buddha allah""",
    "GIVEN": """
james john robert michael william david richard joseph thomas charles christopher daniel matthew
anthony mark donald steven paul andrew joshua kenneth kevin brian george timothy ronald edward
jason jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin
samuel gregory alexander patrick frank raymond jack dennis jerry tyler aaron jose adam nathan henry
zachary douglas peter kyle noah ethan jeremy walter christian keith roger terry austin sean gerald
carl harold dylan arthur lawrence jordan jesse bryan billy bruce gabriel joe logan alan juan albert
willie elijah wayne randy vincent mason roy ralph bobby russell bradley philip eugene mary patricia
jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley
kimberly emily donna michelle carol amanda melissa deborah stephanie dorothy rebecca sharon laura
cynthia amy kathleen angela shirley brenda emma anna pamela nicole samantha katherine christine
helen debra rachel carolyn janet maria catherine heather diane olivia julie joyce victoria ruth
virginia lauren kelly christina joan evelyn judith andrea hannah megan cheryl jacqueline martha
madison teresa gloria sara janice ann kathryn abigail sophia frances jean alice judy isabella julia
grace amber denise danielle marilyn beverly charlotte natalie theresa diana brittany doris kayla
alexis lori marie hans klaus jürgen peter wolfgang stefan andreas markus sabine petra monika ursula
claudia pierre jean jacques michel françois nathalie isabelle sophie carlos luis antonio manuel
pedro miguel carmen josé ana giuseppe giovanni marco francesca giulia luca ivan dmitri sergei
natasha olga svetlana mohammed ahmed ali fatima hassan omar yusuf aisha wei li ming chen yuki
hiroshi kenji sakura raj priya arjun sanjay anita lars erik sven ingrid astrid bjorn nils anders
mikael johan katarina""",
}
"""Name of the class → its words in lower case."""

CLASS_OF = {word: name for name, words in reversed(CLASSES.items()) for word in words.split()}
"""The class of a word; of several, the one that stands first."""
