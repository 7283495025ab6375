"""Words by what they are about. Many are foul: they are here to be found in texts.

A class alone proves nothing (a breast may be of chicken); the model weighs classes in context.
A word ending in `*` stands for all that begin with it.
"""

from evals.detectors.ngrams import Lexicon

CLASSES = {
    "PROFANE": (
        "fuck* motherfuck* mothafuck* fck fuk fuckin wtf stfu shit* bullshit horseshit dipshit "
        "bitch* biatch asshole* arsehole* ass arse dumbass jackass badass bastard* damn goddamn "
        "crap piss* pissed cunt* twat* wank* tosser bollocks douche* dickhead* prick pricks "
        "cocksuck* scheiß* scheiss* verdammt fick* arschloch arsch wichser hurensohn fotze merde "
        "putain connard salope mierda puta puto cabron* pendejo cazzo stronzo vaffanculo puttana "
        "merda caralho porra foder curse cursing swear* swearword* profan* vulgar* expletive* "
        "obscen* crude rude"
    ),
    "SLUR": (
        "nigg* n1gg* negro* coon coons spic spics wetback* beaner* chink chinks gook gooks kike "
        "kikes paki pakis raghead* towelhead* sandnigg* fag fags fagg* faggot* dyke dykes tranny "
        "trannies shemale* homo homos queer* retard* spastic* spaz cripple* mong mongs gypsy "
        "gypsies gyppo* slut* whore* hoe hoes thot thots skank* slag slags bimbo* redneck* "
        "cracker crackers kraut krauts kanake* neger* schwuchtel* spasti* zigeuner* schlampe* "
        "hure huren missgeburt* maricon* pedal* pédé nègre bougnoule* infidel*"
    ),
    "INSULT": (
        "stupid idiot* moron* dumb dumber loser* pathetic worthless ugly fat useless trash "
        "garbage scum* filth* vermin parasit* rat rats pig pigs monkey* ape apes animals "
        "subhuman* inferior degenerate* disgust* gross creep* freak* clown* coward* imbecil* lazy "
        "dirty smelly savages barbar* plague cancer disease rot evil liar liars dumm* idioten "
        "blöd* hässlich* abschaum ungeziefer untermensch* primitiv* lame sucks suck"
    ),
    "HATE": (
        "hate hates hated hating loath* despis* detest* abhor* resent* racist* racism sexist* "
        "misogyn* homophob* antisemit* supremac* stereotyp* bigot* prejudice* offensive* hateful "
        "derogat* demean* mock mocking insult* slur slurs degrad* humiliat* hasse hasst hassen "
        "disgusts sickens repuls* deport* exterminat* eradicat* wipe lynch* gas gassed genocide "
        "holocaust"
    ),
    "GROUP": (
        "women woman girls females men males gays gay lesbian* lesbians homosexual* trans "
        "transgender transsexual* blacks black whites white asians asian latinos latino hispanic* "
        "mexicans mexican arabs arab muslims muslim islam jews jew jewish christians christian "
        "hindus immigrants immigrant migrants migrant foreigners refugees refugee disabled "
        "handicapped africans african indians indian chinese japanese americans russians "
        "ukrainians turks turkish roma blind deaf autistic feminists liberals conservatives "
        "democrats republicans boomers frauen männer juden muslime ausländer flüchtlinge "
        "migranten schwule lesben behinderte schwarze femmes juifs arabes musulmans mujeres "
        "judíos"
    ),
    "VIOLENCE": (
        "kill* murder* slaughter* stab* shoot* shot strangl* chok* behead* decapitat* dismember* "
        "torture* tortur* mutilat* massacre* assassinat* bomb* explod* explosiv* blow burn* beat "
        "beaten beating punch* hit attack* assault* hurt harm* injur* abus* kidnap* abduct* "
        "poison* suicid* hang hanged bleed* blood* gore gory corpse* rape* raping rapist* molest* "
        "töte* umbring* ermord* erschieß* schlag* vergewaltig* tuer matar whip* spank* slap* "
        "cannibal* executed crush*"
    ),
    "CRIME": (
        "steal* stole rob robbery burglar* shoplift* fraud* defraud* scam* launder* counterfeit* "
        "forg* blackmail* extort* hack hacking hacked malware ransomware virus keylogger* phish* "
        "ddos crack* pirated torrent* smuggl* traffick* stalk* bribe* evade undetected "
        "untraceable illegal* illicit crime* criminal* thief thieves lockpick* weapon* gun guns "
        "rifle* silencer grenade* pipebomb molotov ied sarin ricin anthrax cyanide uranium "
        "terror* jihad* darkweb hitman dispose"
    ),
    "DRUG": (
        "cocaine heroin meth methamphetamine* amphetamin* mdma ecstasy lsd fentanyl ketamine "
        "crack weed marijuana cannabis psilocybin ghb drug drugs overdose dealer* opium dmt high "
        "stoned"
    ),
    "SEX": (
        "sex sexy sexual* sexually sexo sexe erotic* erotik* porn* nude nudes naked nudity nsfw "
        "orgasm* masturbat* blowjob* handjob* cum cums cumming cumshot ejaculat* erection* erect "
        "penis* dick dicks cock cocks balls testicl* vagina* vulva* pussy pussies clit clitor* "
        "genital* anal anus butthole* rectum oral fellatio cunniling* intercourse penetrat* "
        "thrust* moan* horny aroused arous* lust* lewd smut* kinky kink kinks fetish* bdsm "
        "bondage dominatrix domme submissive sub slave slaves gangbang* threesome* orgy incest* "
        "milf* dilf* hentai futa* yiff* femboy* loli* shota* stripper* strip prostitut* escort "
        "brothel* hooker* seduc* seductive intimate intimacy foreplay virgin* climax* strapon "
        "dildo* vibrator* threeway fisting rimming deepthroat creampie bukkake cuckold* cuck "
        "swinger* onlyfans titillat* steamy raunch* naughty explicit* ficken muschi schwanz "
        "nackt* geil bite coño follar culo polla sesso scopare erotica lovemaking undress* "
        "unclothed topless panties lingerie thong bikini striptease flashing exhibitionis* "
        "voyeur* r34 r18"
    ),
    "BODY": (
        "breast breasts boob* tits titties tit titty busty bust cleavage nipple* butt butts "
        "buttocks booty bum bottom hips waist thigh* thick curvy hourglass voluptuous chest "
        "crotch groin belly bellies feet foot toes soles sweaty skin lips tongue saliva hairy "
        "pubic armpit* muscular bulge bulging big huge massive enormous gigantic large tight wet "
        "hard throbbing bouncing brust brüste po hintern füße pregnant pregnancy shaved"
    ),
    "FETISH": (
        "fart* farting gassy burp* poop* pooping pee peeing urin* piss diaper* nappy nappies scat "
        "defecat* bowel bathroom vore swallow* digest* giantess* shrunken tiny shrink* inflat* "
        "fattening obese overweight feed* feeder tickl* hypnot* brainwash* femdom sissy feminiz* "
        "feminis* emasculat* humiliation obedient collar leash transform* bodyswap swap tentacle* "
        "furry anthro* anthropomorphic corporal wedgie potty wetting tied gagged captive captured "
        "helpless dungeon"
    ),
    "MINOR": (
        "child children kid kids teen teens teenage* underage minor minors schoolgirl* schoolboy* "
        "boy boys girl daughter son sister stepsister* stepmom* stepbrother* stepdad brother "
        "mother mom mommy mum daddy dad father aunt cousin niece toddler* baby"
    ),
    "TELL": (
        "write story stories roleplay* scene scenario fanfic* fanfiction tale script poem joke "
        "jokes song rap lyrics describe description dialogue chat narrat* novel chapter episode "
        "detail detailed details vivid* graphic graphically character game adventure fiction* "
        "schreibe geschichte witz écris histoire escribe historia chiste"
    ),
    "HOW": (
        "how instructions steps guide tutorial recipe method methods make build create cook "
        "synthes* buy teach ways explain wie anleitung comment cómo best"
    ),
    "LOOSE": (
        "unfiltered uncensored unrestricted jailbreak* dan amoral immoral unethical nonmoral "
        "filter filters restrictions censor* censorship limits disclaimer* moral morals ethics "
        "ethical taboo* warnings refuse rules guidelines policy policies consent freed"
    ),
    "NOT": (
        "not no never don't doesn't didn't isn't aren't wasn't won't can't cannot without nobody "
        "nothing wrong unacceptable against stop nicht kein keine nie pas jamais nunca"
    ),
    "LOVE": (
        "love loves loved like likes proud admire* respect* support* appreciat* wonderful great "
        "amazing equal equality welcome celebrate* thank* friend friends beautiful kind"
    ),
    "YOU": ("you your you're u ur yourself du dein deine dich ihr tu vous"),
    "THEY": ("they them their those these people all every any sie die"),
    "SAY": ("said says say saying called calling told quote word words phrase used someone"),
    "SAFE": (
        "safe safety prevent* protect* treat* treatment symptom* doctor* medical health education "
        "history research law laws police report* victim* help support statistics vaccine* "
        "therapy diagnos* museum awareness surviv*"
    ),
}
LEXICON = Lexicon(CLASSES)
