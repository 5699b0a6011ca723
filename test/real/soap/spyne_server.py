# -*- coding: utf-8 -*-
"""A web service of spyne, which the connector to SOAP is checked against. Usage: spyne_server.py <port> <1.1|1.2>"""
import logging
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, Array, Boolean, ByteArray, ComplexModel, Date, DateTime, Decimal, Fault, Integer, ServiceBase, Time, Unicode, XmlAttribute, rpc
from spyne.model.enum import Enum
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

NS = 'http://shop.example/exchange'


class Line(ComplexModel):
    __namespace__ = NS
    __type_name__ = 'Строка'
    _type_info = [('Артикул', Unicode(min_occurs=1)), ('Количество', Decimal(min_occurs=1))]


class Party(ComplexModel):
    __namespace__ = NS
    __type_name__ = 'Контрагент'
    _type_info = [('Наименование', Unicode(min_occurs=1)), ('Телефон', Unicode(min_occurs=1, nillable=True)), ('Код', XmlAttribute(Integer))]


class Order(ComplexModel):
    __namespace__ = NS
    __type_name__ = 'Заказ'
    _type_info = [
        ('Номер', Unicode(min_occurs=1)),
        ('Комментарий', Unicode),
        ('Создан', DateTime(min_occurs=1)),
        ('День', Date(min_occurs=1)),
        ('Час', Time),
        ('Срочный', Boolean(min_occurs=1)),
        ('Вид', Enum('Розница', 'Опт', type_name='Вид')),
        ('Покупатель', Party.customize(min_occurs=1)),
        ('Товары', Array(Line)),
        ('Метки', Unicode(max_occurs='unbounded')),
        ('Файл', ByteArray),
        ('Сумма', Decimal(min_occurs=1)),
    ]


class Exchange(ServiceBase):
    @rpc(Order, _returns=Order)
    def echo(ctx, order):
        return order

    @rpc(Unicode, _returns=Unicode)
    def describe(ctx, text):
        return 'None' if text is None else '%d:%s' % (len(text), text)

    @rpc(DateTime, _returns=Unicode)
    def when(ctx, at):
        return at.isoformat()

    @rpc(_returns=Array(Line))
    def lines(ctx):
        return []

    @rpc(Unicode, _returns=Unicode)
    def refuse(ctx, text):
        raise Fault('Server.Кредит', text, detail={'код': 'E17', 'лимит': '100'})


version = sys.argv[2]
protocol = Soap11 if version == '1.1' else Soap12
application = Application([Exchange], NS, name='Обмен', in_protocol=protocol(validator='lxml'), out_protocol=protocol())


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


logging.disable(logging.CRITICAL)
make_server('127.0.0.1', int(sys.argv[1]), WsgiApplication(application), handler_class=Quiet).serve_forever()
