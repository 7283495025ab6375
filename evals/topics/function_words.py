"""Words of the common languages that say nothing of what is asked about: articles, pronouns,
prepositions, auxiliaries, and what one says to anybody who is asked. Pure.

A word that is a noun or a verb of use in another of these languages is left out. Written in lower
case, as `evals.topics.terms` reads them.
"""

from __future__ import annotations

ENGLISH = """
a about after again all already also always am an and any anyone anything are aren't as at back be
because been before being best between both but by can can't cannot come comes coming could
couldn't did didn't do
does doesn't doing don't done down each either else even ever every few for from get gets getting
give given go goes going got had has have haven't having he hello help her here hers hi him his how
however i i'd i'll i'm i've if in into is isn't it it's its just keep know let like made make many
may me might mine more most much must my need needs never new no not nothing now of off ok okay on
once one only or other our ours out over own per please put really said same say see seem shall
she should since so some someone something soon still such sure take tell than thank thanks that
that's the their them then there there's these they they're thing things this those through to too
try trying under until up upon us use using very via want wants was way we we're well went were
what what's when where where's which while who whom whose why will with within without won't would
yes yet you you're your yours
"""
GERMAN = """
aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist
bitte da dabei damit danach dann das dass dein deine dem den denn der des dich die dies diese diesem
diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch für
gegen gibt guten habe haben hallo hatte hier hätte ich ihm ihn ihnen ihr ihre im in ins ist ja
jede jeden jetzt kann kannst kein keine können könnt könnte könnten liegt mal mein meine meinem
meinen meiner meines mich mir mit mich möchte muss müssen nach nicht nichts noch nun nur ob oder
ohne schon sehr sein seine seit sich sie sind so soll sollte sondern um und uns unser unsere
unter viel vielen vom von vor wann warum was weil welche welchen welcher wenn wer werde werden wie
wieder will wir wird wo wurde würde würden zu zum zur zwischen über
"""
FRENCH = """
ai alors au aucun aussi autre aux avec avez avoir avons bien bonjour c'est ce cela ces cet cette
chez comme comment dans de depuis des donc dont du elle elles en encore est et etre être faire
fait faut il ils j'ai je la le les leur leurs lors lui ma mais me merci mes moi mon ne ni nos notre
nous on ont ou où par pas peu peut peux plus pour pouvez pourquoi pourriez qu'est-ce quand que quel
quelle quelles quels qui quoi s'il sa sans se ses si sont suis sur ta te tes toi ton toujours
tous tout toute tu un une va veux vos votre voudrais vous y à été
"""
SPANISH = """
al algo alguna algún antes aquí así aunque ayuda buenos cada como con contra cuando cuál cuándo
cuánto cómo de del desde donde dos dónde el ella ellos en entonces entre era eres es esa ese eso
esta estaba estado estoy está están estas este esto estos fue gracias ha hace hacer hasta hay he
hola la las le les lo los me mi mis mucho muy más nada necesito ni no nos nosotros o os otra otro
para pero poco podría por porque puede puedo pueden que quiero quién qué se sea ser si sido sin
sobre solo soy su sus sí también te tengo tiene tienen todo todos tu tus un una unas uno unos
usted ustedes va y ya yo
"""
ITALIAN = """
ad agli ai al alla alle allo anche avere buongiorno c'è che chi ci ciao come con cosa così da dai
dal dalla delle degli dei del della dello di dopo e ed era essere gli grazie ha hai hanno ho i
il in io la le lei li lo loro lui ma mi mia mie miei mio molto ne nei nel nella nelle noi non nostra
nostro o ogni oppure per perché però più poi posso potete potrei può qual quale quali quando quanto
quella quello questa queste questi questo qui sarà se sei senza si siamo siete solo sono sta stato
su sua sul sulla suo sì ti tra tua tuo tutti tutto un una uno vi voglio vorrei è
"""
PORTUGUESE = """
ainda algum alguma ao aos aqui as até bom com como da das de depois deve dia do dos e ela ele eles
em entre era essa esse esta estamos estar este estou está estão faz fazer foi fui há isso isto já
lhe mais mas me mesmo meu meus minha minhas muito na nas nem no nos nossa nosso não nós o obrigado
olá onde os ou para pela pelo pode podem posso por porque pra qual quais quando que quem quero se
sem ser seu seus sou sua suas são só também tem tenho ter teu tua tudo um uma umas uns vai vocês
você à às é
"""
DUTCH = """
aan al alle alles als altijd andere ben bij daar dan dat de deze die dit doe doen dus een eens
en er geen goedendag had hallo heb hebben heeft hem het hier hij hoe hun ik in is ja je jij jullie
kan kunnen kunt maar me meer men met mij mijn moet moeten na naar niet niets nog nu of om omdat ons
onze ook op over te tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was
wat we wel werd wie wij wil willen worden wordt zal ze zelf zich zij zijn zo zonder zou
"""
WORDS = frozenset(" ".join([ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH]).split())
